/**
 * Command lines as the programs' manuals have them, each with the secret at its place, and what is left of it: the
 * secret alone is masked, and all that stands around it can still be read.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskArguments } from './mask.ts';

/** A password that no look at its shape could tell. */
const SECRET = 'Sommer24';
const MASKED = '[masked]';

/** `S` stands for the secret. */
const lines = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '));

const ARGUMENTS = lines(`
useradd -m -p S bob
usermod -p S bob
groupadd -p S staff
kubectl create secret generic db --from-literal url=S
kubectl create secret generic db --from-literal=url=S --dry-run=client
kubectl create secret docker-registry r --docker-username=bob --docker-password S
kubectl config set-credentials bob --token S
vault kv put secret/app url=S dsn=S
vault kv put -mount=secret app url=S
vault kv patch secret/app url=S
vault write auth/approle/login role_id=S
vault login S
vault operator unseal S
curl --cert client.pem:S https://h/
curl -E client.pem:S https://h/
curl --proxy-cert client.pem:S https://h/
curl -x bob:S@proxy:3128 https://h/
curl -sSu bob:S https://h/
curl -fsSLu bob:S https://h/
curl bob:S@h.example.com
mysql -uroot -pS shop
mysqladmin -u root password S
env PGPASSWORD=S psql -h db
env MYSQL_PWD=S mysql
env SSHPASS=S sshpass -e ssh h
docker login -u bob -p S
docker login -ubob -pS registry.example.com
oc login -u bob -p S
oc create secret generic db --from-literal=url=S
sshpass -p S ssh h
sshpass -pS ssh h
git clone https://bob:S@h/x.git
git remote set-url origin https://x-access-token:S@github.com/a/b
openssl rsa -passin pass:S -in k.pem
openssl enc -aes-256-cbc -k S
openssl passwd -6 S
aws configure set aws_secret_access_key S
aws configure set profile.x.aws_secret_access_key S
aws ssm put-parameter --name /x --value S --type SecureString
aws secretsmanager create-secret --name x --secret-string S
npm config set _authToken S
npm config set //r/:_authToken S
yarn config set npmAuthToken S
poetry config http-basic.foo bob S
poetry config pypi-token.pypi S
poetry publish -u bob -p S
twine upload -u bob -p S dist/x.whl
cargo login S
gem push -k S x.gem
gh secret set FOO --body S
gh secret set FOO -b S
gh secret set FOO -bS
glab variable set FOO S
az login --service-principal -u id -p S --tenant t
az keyvault secret set --name x --value S
az ad sp create --password S
smbclient --user=bob%S //h/s
net rpc -U bob%S
net user bob S /add
smbmap -u bob -p S -H h
netexec smb h -u bob -p S
evil-winrm -i h -u bob -p S
impacket-psexec dom/bob:S@h
secretsdump.py dom/bob:S@10.0.0.1
hydra -l bob -p S ssh://h
xfreerdp /u:bob /p:S /v:h
xh -a bob:S h
ab -A bob:S http://h/
kadmin -p bob -w S
samba-tool user create bob S
redis-cli AUTH S
redis-cli CONFIG SET requirepass S
influx -password S
cqlsh -u bob -p S
sqlplus bob/S@db
isql dsn bob S
rabbitmqctl add_user bob S
rabbitmqctl change_password bob S
mosquitto_pub -u bob -P S -t x -m y
mosquitto_passwd -b f bob S
etcdctl --user root:S get x
etcdctl user add bob:S
qpdf --encrypt S S 256 -- a b
pdftk a output b user_pw S
pdftotext -upw S a.pdf
ssh-keygen -t ed25519 -N S -f k
ssh-keygen -p -P S -N S -f k
rclone config create x s3 secret_access_key S
rclone obscure S
nmcli dev wifi connect ssid password S
wpa_passphrase ssid S
ansible-vault encrypt_string S --name x
pulumi config set --secret dsn S
vercel -t S
netlify --auth S
doppler secrets set X S
bw login bob@x.org S
bw unlock S
dotnet user-secrets set X:Y S
dotnet nuget push x -k S
nuget setapikey S
tailscale up --authkey S
ngrok config add-authtoken S
cloudflared service install S
wandb login S
openai -k S
llm keys set openai --value S
htpasswd -bc f bob S
htpasswd -nb bob S
mkpasswd -m sha-512 S
caddy hash-password --plaintext S
drush user:password bob S
java -jar jenkins-cli.jar -s http://h -auth bob:S who-am-i
cvs -d :pserver:bob:S@h:/x update
p4 -P S sync
conan user -p S -r x bob
mc alias set x http://h AK S
swift -K S list
plink -pw S h
sqlmap --auth-cred bob:S
gobuster dir -U bob -P S
consul kv put app/db/url S
consul kv put -flags=42 app/db/url S
etcdctl put /app/db/url S
xdotool type S
xdotool type --clearmodifiers --delay 50 S
wtype -d 20 S
adb shell input text S
git config --global user.password S
git config user.password S
curlftpfs bob:S@h /mnt
smbclient //h/s S -U bob -c ls
wpa_cli set_network 0 psk S
doctl auth init -t S
snyk auth S
radtest bob S h 0 S
virsh secret-set-value x S
ceph config-key set x S
swaks -ap S --to x
sendemail -xp S
ncat --proxy-auth bob:S h
yt-dlp -u bob -p S u
impdp bob/S
expdp bob/S@x d
db2 connect to x user bob using S
neo4j-admin dbms set-initial-password S
tsql -P S
wlfreerdp /u:bob /p:S
signtool sign /p S x
teamviewer passwd S
mvn sonar:sonar -Dsonar.login=S -Dsonar.host.url=http://h
sonar-scanner -Dsonar.login=S
env SONAR_LOGIN=S sonar-scanner
`);

/** One argument read by a shell, by another language, or by a database. */
const TEXTS: readonly (readonly [program: readonly string[], text: string])[] = [
  [['bash', '-c'], `useradd -m -p 'S' bob`],
  [['bash', '-c'], 'kubectl create secret generic db --from-literal=url=S --dry-run=client'],
  [['bash', '-c'], 'vault kv put secret/app url=S && ls'],
  [['bash', '-c'], `sshpass -p 'S' ssh h uptime`],
  [['bash', '-c'], 'gh auth login --with-token <<< S'],
  [['bash', '-c'], `gh auth login --with-token <<<'S'`],
  [['bash', '-c'], 'echo S | codex login --with-api-key'],
  [['bash', '-c'], 'echo S | kinit bob'],
  [['bash', '-c'], 'echo S | su - bob -c "ls /"'],
  [['bash', '-c'], 'echo S | sudo su'],
  [['bash', '-c'], 'echo S | ssh-add -'],
  [['bash', '-c'], 'echo S | anydesk --set-password'],
  [['bash', '-c'], 'echo S | openssl enc -aes256 -pass stdin'],
  [['bash', '-c'], 'echo S | vault login -'],
  [['bash', '-c'], 'echo S | op signin'],
  [['expect', '-c'], 'spawn su; send "S"'],
  [['osascript', '-e'], 'keystroke "S"'],
  [['xte'], 'str S'],
  [['bash', '-c'], 'su bob <<< S'],
  [['bash', '-c'], `./unlock.sh --now <<<"S"; ls`],
  [['bash', '-c'], 'cd /x && sudo ./unlock <<< S'],
  [['bash', '-c'], 'echo S | pass insert -e x'],
  [['bash', '-c'], 'printf S | secret-tool store --label=x a b'],
  [['bash', '-c'], 'npm config set _authToken S; npm publish'],
  [['bash', '-c'], 'cat >> ~/.netrc <<E\nmachine h login bob password S\nE'],
  [['bash', '-c'], `echo 'h:5432:db:bob:S' > ~/.pgpass`],
  [['bash', '-c'], `python3 -c "import requests; requests.get('http://h', auth=('bob', 'S'))"`],
  [['ssh', '-o'], 'ProxyCommand=sshpass -p S ssh h'],
  [['expect', '-c'], 'spawn ssh h; expect "assword"; send "S"'],
  [['python3', '-c'], `import requests\nrequests.get('http://h', auth=('bob', 'S'))`],
  [['python3', '-c'], `requests.get("http://h", auth=("bob","S"), timeout=3)`],
  [['python3', '-c'], `requests.get(u, auth=HTTPBasicAuth('bob', 'S'))`],
  [['python3', '-c'], `smtp.login('bob', 'S')`],
  [['python3', '-c'], `user.set_password('S')`],
  [['php', '-r'], `new PDO('mysql:host=h','bob','S');`],
  [['perl', '-e'], `$ENV{PASSWORD}='S'; run()`],
  [['mongo', '--eval'], `db.createUser({user:'bob',pwd:'S'})`],
  [['kadmin.local', '-q'], 'addprinc -pw S bob'],
  [['psql', '-c'], `ALTER USER bob PASSWORD 'S'`],
  [['psql', '-c'], `create user bob with encrypted password 'S'`],
  [['mysql', '-e'], `CREATE USER 'bob'@'%' IDENTIFIED BY 'S'`],
  [['mysql', '-e'], `ALTER USER bob IDENTIFIED WITH mysql_native_password BY 'S';`],
  [['mysql', '-e'], `SET PASSWORD FOR 'bob'@'h' = PASSWORD('S')`],
  [['mysql', '-e'], `SET PASSWORD FOR bob = 'S'`],
];

const filled = (text: string, value: string) => text.replaceAll(/(?<![A-Za-z])S(?![A-Za-z])/g, value);
/** Glued to its flag: -pS */
const gluedTo = (word: string, value: string) => word.replace(/^(-[a-z])S$/, `$1${value}`);

for (const line of ARGUMENTS) {
  const holding = (value: string) => line.map((word) => filled(gluedTo(word, value), value));
  test(`of "${line.join(' ')}" S alone is masked`, () => {
    assert.notDeepEqual(holding(SECRET), line);
    assert.deepEqual(maskArguments(holding(SECRET)), holding(MASKED));
  });
}

for (const [program, text] of TEXTS)
  test(`of ${program.join(' ')} "${text}" S alone is masked`, () => {
    const [masked] = maskArguments([...program, filled(text, SECRET)]).slice(-1);
    assert.equal(masked, filled(text, MASKED));
  });

test('a password that ends as base64 does is no NAME=VALUE', () => {
  assert.deepEqual(maskArguments(['bw', 'unlock', 'U29tbWVyMjQ=']), ['bw', 'unlock', MASKED]);
  const line = ['rabbitmqctl', 'add_user', 'bob'];
  assert.deepEqual(maskArguments([...line, 'U29tbWVyMg==']), [...line, MASKED]);
});

/** The same programs and words, where nothing is a secret. */
const NO_SECRETS: readonly (readonly string[])[] = [
  ...lines(`
useradd -m -s /bin/bash bob
usermod -aG docker bob
kubectl create configmap c --from-literal=mode=fast
kubectl get secret db -o yaml
vault kv get secret/app
vault login -method=userpass
openssl passwd -6
cargo login
npm config set registry https://r.example.com/
npm config get _authToken
git config --global user.name Ann
git config credential.helper store
git config http.proxy http://proxy:3128
git add secrets README.md
aws configure set region eu-west-1
aws ssm put-parameter --name /colour --value blue --type String
curl --cert client.pem https://h/
curl -x http://proxy:3128 https://h/
curl -sSLo out.json https://h/x
gh secret list
gh pr create --title T --body B
gh issue comment 3 -b seen
rabbitmqctl add_user bob
rabbitmqctl list_users
redis-cli SET user:1 ann
redis-cli CONFIG SET maxmemory 2gb
pulumi config set region eu
doppler secrets get X
mc alias list
net user
nmcli dev wifi list
find / -user bob -name *.pem
hydra -L users.txt -P list.txt ssh://h
ssh-keygen -lf k.pub
htpasswd -v users bob
docker run -p 8080:80 -u 1000 node
mount -o remount,rw /
java -jar x.jar --port 8080
psql -h db -U bob -p 5432
qpdf --check a.pdf
rclone config show x
dotnet nuget list source
cvs -d /var/cvs update
consul kv get app/db/url
smbclient //h/s -U bob -c ls
adb shell input tap 100 200
ceph config-key get x
git config --list
git config --global core.editor vim
tmux send-keys -t x make Enter
consul kv put app/db/url @url.txt
xdotool key Return
etcdctl get /app/db/url
mvn verify -Dsonar.host.url=http://h
`),
  ['ssh-keygen', '-t', 'rsa', '-N', '', '-f', 'k'],
  ['git', 'commit', '-m', 'set password policy for logins'],
  ['git', 'commit', '-m', 'fix password "prompt" of the login'],
  ['grep', '-rn', 'set password', 'src'],
  ['psql', '-c', 'SELECT password FROM users'],
  ['mysql', '-e', "SHOW GRANTS FOR 'bob'@'%'"],
  ['mysql', '-e', 'CREATE TABLE t (name text, password varchar(20))'],
  ['python3', '-c', "requests.get('http://h', auth=None, headers={'a': 'b'})"],
  ['python3', '-c', "auth = load('token.json', 'utf8')"],
  ['python3', '-c', "page.login('/home')"],
  ['node', '-e', "socket.send('hello there')"],
  ['bash', '-c', 'vault kv put secret/app url="$URL"'],
  ['bash', '-c', 'useradd -p "$HASH" bob'],
  ['bash', '-c', 'echo done | tee log'],
  ['bash', '-c', 'echo hello | sub'],
  ['bash', '-c', 'bc <<< "2 + 2"; cat <<< done'],
  ['bash', '-c', 'while read -r x; do ls; done <<< "a b"'],
];

for (const line of NO_SECRETS)
  test(`of "${line.join(' ')}" nothing is masked`, () => assert.deepEqual(maskArguments(line), line));
