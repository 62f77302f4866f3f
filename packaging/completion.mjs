/** Prints bash's completion of `spoor`: commands, then options, else files. `node packaging/completion.mjs` */

import { describedCommands } from './commands.mjs';

function caseLine({ path, commands, options }) {
  const words = [...commands, ...options.flatMap(({ flags }) => flags)];
  return `  '${path.join(' ')}') words='${words.join(' ')}' ;;`;
}

process.stdout.write(`# bash completion for spoor
_spoor_words() {
  case $1 in
${describedCommands().map(caseLine).join('\n')}
  *) words='' ;;
  esac
}

_spoor() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words word
  _spoor_words ''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ "$word" = -- ]; then # what follows is a command line of its own
      compopt -o default
      return
    fi
    if [[ $word != -* && " $words " == *" $word "* ]]; then
      path="\${path:+$path }$word"
      _spoor_words "$path"
    fi
  done
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _spoor spoor
`);
