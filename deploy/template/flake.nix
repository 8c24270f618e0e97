# Your folder ./public as one executable (nix build) and as a container (nix build .#container).
{
  inputs.site.url = "git+https://gitlab.example.com/site/site.git";

  outputs = { self, site }: {
    packages = builtins.mapAttrs
      (system: lib: {
        default = lib.bundle { dist = ./public; name = "my-site"; };
      } // (if lib ? container then {
        # The commit gives the image its date and its revision.
        container = lib.container { dist = ./public; name = "my-site"; inherit self; source = "https://gitlab.example.com/you/my-site"; };
      } else { }))
      site.lib;
  };
}
