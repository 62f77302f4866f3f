/** An ordinary day: what a coding agent and a developer's shell do all day long, offline. */

/** What the scripted model asks Codex to do, one command a turn. */
export const AGENT_DAY: readonly string[] = [
  'pwd && ls -la && git log --oneline | head',
  'id && uname -a && git --version && node --version',
  `cat > add.c <<'C'
int add(int a, int b) { return a + b; }
C
cat > test.c <<'C'
#include <stdio.h>
int add(int, int);
int main(void) { puts(add(1, 2) == 3 ? "pass" : "FAIL"); return add(1, 2) != 3; }
C
printf 'test: t\\n\\t./t\\nt: add.c test.c\\n\\tcc -O1 -o $@ add.c test.c\\nclean:\\n\\trm -f t\\n' > Makefile`,
  'make test',
  'grep -rn add . --include=*.c && find . -name "*.c" | xargs wc -l',
  'sed -i s/int/long/g add.c && git diff --stat; sed -i s/long/int/g add.c',
  'git add -A && git -c user.name=a -c user.email=a@example.org commit -qm "Add add" && git status --short',
  `mkdir -p tools && cat > tools/count.py <<'P'
import sys, json
print(json.dumps({"lines": sum(1 for _ in open(sys.argv[1]))}))
P
python3 tools/count.py add.c`,
  `cat > test_count.py <<'P'
import subprocess, unittest
class Count(unittest.TestCase):
    def test_it(self):
        self.assertIn(b'lines', subprocess.check_output(['python3', 'tools/count.py', 'add.c']))
P
python3 -m unittest -q`,
  'make clean && rm -rf __pycache__ && git status --short && ps -o pid,comm | tail -3',
];

/** A developer's shell session, as a script. */
export const SHELL_DAY = `set -e
git init -q app && cd app && git config user.name ada && git config user.email ada@example.org
for i in $(seq 12); do
  printf '#include <stdio.h>\\nint main(void){puts("%s");return 0;}\\n' $i > m$i.c
  cc -O1 -Wall -o m$i m$i.c && ./m$i > out.txt
  git add m$i.c && git commit -qm "m$i"
done
git checkout -q -b topic && echo x > x.txt && git add x.txt && git commit -qm x
git checkout -q - && git merge -q --no-edit topic && git branch -q -d topic
echo y >> x.txt && git stash -q && git stash pop -q && git diff && git checkout -q x.txt
git log --oneline --graph | head -5; git gc -q; git tag v1
cat > package.json <<'J'
{ "name": "app", "version": "1.0.0", "scripts": { "build": "node build.js", "test": "node --test" } }
J
echo 'require("fs").mkdirSync("dist",{recursive:true});require("fs").writeFileSync("dist/a.js","1")' > build.js
echo 'require("node:test").test("a",()=>{})' > a.test.js
npm install --offline --no-audit --no-fund >/dev/null && npm run -s build && npm test -s >/dev/null
node -e 'const h=require("http");const s=h.createServer((q,r)=>r.end("ok")).listen(0,"127.0.0.1",()=>fetch("http://127.0.0.1:"+s.address().port).then(r=>r.text()).then(t=>{console.log(t);s.close()}))'
python3 -c 'import json,sqlite3; c=sqlite3.connect("app.db"); c.execute("create table t(a)"); c.commit()'
mkdir -p node_modules/x && for i in $(seq 200); do : > node_modules/x/$i.js; done && rm -rf node_modules dist
chmod +x build.js && touch -d yesterday out.txt && tar czf /tmp/app-$$.tgz *.c && rm /tmp/app-$$.tgz
find . -name '*.c' -newer m1.c | head -3; grep -rn main --include=*.c . | head -3; ls -la; cat m1.c | sort | uniq -c
env | grep -c PATH; which cc node python3; df -h . | tail -1; ps aux | head -3; whoami; hostname
make -v | head -1; cd .. && rm -rf app
`;
