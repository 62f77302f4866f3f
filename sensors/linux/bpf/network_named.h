/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* dns.query, tls.hello of processes outside every session: who asks for, or greets, a host on the list that user space
 * gave (those that answer AI models). Names that are not on it do not leave the kernel, and make no record.
 *
 *   both tiers        cgroup_skb/egress   in the sender's context: a question by UDP to port 53; a ClientHello in the
 *                                         first packet with data of a TCP connection, to any port
 *   seen by neither   a hello that comes in pieces, or behind other data (a proxy's CONNECT); an encrypted one; QUIC;
 *                     questions by TCP, TLS or HTTPS, or put to another process (nscd, resolved's own socket)
 */
#ifndef SPOOR_NETWORK_NAMED_H
#define SPOOR_NETWORK_NAMED_H

#include "flow.h"

/* Names on the list. 40 B each; past it one is refused to user space, which says so. */
#define MAX_NAMED_HOSTS 4096
/* Of a name, with a dot before it; a longer one is none of the list. A power of two, for the verifier. */
#define MAX_HOST_BYTES 64
/* Extensions of a ClientHello that are looked through for the name; browsers send up to 18. */
#define MAX_EXTENSIONS 32

/* FNV-1a over the name from its end to its beginning, so that one pass meets the hash of each domain above it. */
#define HASH_OF_NOTHING 0xcbf29ce484222325ull
#define HASH_PRIME 0x100000001b3ull

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_NAMED_HOSTS);
	__type(key, u64);
	__type(value, u8); /* enum named_host */
} named_hosts SEC(".maps");

/* 1 when there are any: without, a packet asks nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} naming SEC(".maps");

struct host_name {
	u64 hash;
	u32 at;	   /* of the byte looked at last */
	u32 found; /* also: where the next label begins, while a question is read */
	u8 text[MAX_HOST_BYTES + 8]; /* a dot more than a name */
};

static long name_step(u32 step, struct host_name *name)
{
	u32 at = name->at - 1;
	u8 letter = name->text[at & (MAX_HOST_BYTES - 1)];
	if (letter >= 'A' && letter <= 'Z')
		letter |= 0x20;
	name->at = at;
	if (letter == '.') {
		u8 *listed = bpf_map_lookup_elem(&named_hosts, &name->hash);
		if (listed && *listed & (at ? NAMED_BELOW : NAMED_ITSELF))
			name->found = 1;
	}
	name->hash = (name->hash ^ letter) * HASH_PRIME;
	return !at || name->found;
}

/* `bytes` of text, the dot before it included. */
static __always_inline bool is_named(struct host_name *name, u32 bytes)
{
	name->hash = HASH_OF_NOTHING;
	name->at = bytes;
	name->found = 0;
	bpf_loop(MAX_HOST_BYTES, name_step, name, 0);
	return name->found;
}

/* Labels as they stand in a question (RFC 1035, 3.1): each length becomes a dot. */
static long label_step(u32 step, struct host_name *name)
{
	u32 at = step & (MAX_HOST_BYTES - 1);
	u8 bytes = name->text[at];
	name->at = step;
	if (step != name->found)
		return 0;
	name->found = step + 1 + bytes;
	if (!bytes || bytes > 63) {
		name->found = bytes ? 0 : 1;
		return 1;
	}
	name->text[at] = '.';
	return 0;
}

static __noinline bool asks_for_named(struct __sk_buff *packet, u32 at)
{
	struct host_name name = {};
	u8 flags = 0x80;
	u32 rest = packet->len - at - 12; /* the message's head */
	if (packet->len <= at + 12 || bpf_skb_load_bytes(packet, at + 2, &flags, 1) || flags & 0x80)
		return false; /* an answer */
	if (rest > MAX_HOST_BYTES)
		rest = MAX_HOST_BYTES;
	u64 read = bounded(rest - 1, MAX_HOST_BYTES - 1) + 1;
	if (bpf_skb_load_bytes(packet, at + 12, name.text, read))
		return false;
	bpf_loop(MAX_HOST_BYTES, label_step, &name, 0);
	return name.found == 1 && name.at && is_named(&name, name.at);
}

/* RFC 8446, 4.1.2: record and handshake heads, version, random; then three lists, then the extensions. */
static __noinline bool greets_named(struct __sk_buff *packet, u32 at)
{
	struct host_name name = {};
	u8 head[6] = {}, bytes = 0;
	__be16 pair[2] = {};
	if (bpf_skb_load_bytes(packet, at, head, sizeof(head)) || head[0] != 22 || head[5] != 1)
		return false;
	at += 43;
	if (bpf_skb_load_bytes(packet, at, &bytes, 1))
		return false;
	at += 1 + bytes; /* session id */
	if (bpf_skb_load_bytes(packet, at, pair, 2))
		return false;
	at += 2 + bpf_ntohs(pair[0]); /* cipher suites */
	if (bpf_skb_load_bytes(packet, at, &bytes, 1))
		return false;
	at += 1 + bytes + 2; /* compression methods, length of all extensions */
	for (int extension = 0; extension < MAX_EXTENSIONS; extension++) {
		if (bpf_skb_load_bytes(packet, at, pair, 4))
			return false;
		if (pair[0] == 0)
			break;
		at += 4 + bpf_ntohs(pair[1]);
	}
	/* RFC 6066, 3: length of the list, type, length of the name. */
	if (pair[0] != 0 || bpf_skb_load_bytes(packet, at + 7, pair, 2))
		return false;
	u32 length = bpf_ntohs(pair[0]);
	if (!length || length >= MAX_HOST_BYTES)
		return false;
	u64 read = bounded(length - 1, MAX_HOST_BYTES - 1) + 1;
	if (bpf_skb_load_bytes(packet, at + 9, name.text + 1, read))
		return false;
	name.text[0] = '.';
	return is_named(&name, length + 1);
}

/* Whether a packet of a socket that is no session's is to be told; `use` says as what. */
static __always_inline bool may_name(struct __sk_buff *packet, struct bpf_sock *sk)
{
	u32 zero = 0;
	u32 *wanted = bpf_map_lookup_elem(&naming, &zero);
	if (!wanted || !*wanted)
		return false;
	if (sk->protocol == IPPROTO_UDP)
		return !sk->dst_port || sk->dst_port == bpf_htons(53);
	if (sk->protocol != IPPROTO_TCP)
		return false;
	struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
	/* The first with data, which the kernel has counted already; and the other side has said nothing yet. */
	return tcp && tcp->data_segs_out && !tcp->data_segs_in &&
	       tcp->data_segs_out <= (packet->gso_segs ? packet->gso_segs : 1);
}

#endif
