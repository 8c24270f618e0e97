# Proves that the executable needs no other store path.
{ runCommand, writeClosure, site }:
runCommand "site-closure" { } ''
  if [ "$(cat ${writeClosure [ site ]})" != ${site} ]; then
    echo "The executable needs more than itself:" >&2
    cat ${writeClosure [ site ]} >&2
    exit 1
  fi
  touch $out
''
