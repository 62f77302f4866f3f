#!/bin/busybox sh
# First program of the guest: loads the modules its disks need and becomes the systemd of the Debian on the first disk.
# Without this the kernel panics, which is what should happen when anything here fails.
set -e
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do
	/bin/busybox insmod "/modules/$module"
done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -t ext4 -o ro /dev/vdb /root/mnt
/bin/busybox mount --move /dev /root/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /root /lib/systemd/systemd
