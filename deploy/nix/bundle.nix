# Makes an executable of a folder by `site bundle`: no compiler, and a changed page costs a second.
{ lib, runCommand }:
{ site, dist, name }:
# A plain command, since the phases of a package would strip what was appended.
runCommand name
{
  allowedReferences = [ ];
  meta = { inherit (site.meta) description license mainProgram; };
} ''
  mkdir -p $out/bin
  # What derivations make is often a farm of links.
  ${lib.getExe site} bundle ${lib.optionalString (lib.isDerivation dist) "--follow-links"} --output $out/bin/site ${dist}
''
