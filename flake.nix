# The project as a flake: the executable, its container, checks, a NixOS module, and functions that do the same for your site.
{
  description = "site: one executable that is the website";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    flake-utils.url = "github:numtide/flake-utils";
    naersk.url = "github:nix-community/naersk";
    naersk.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs = { self, nixpkgs, flake-utils, naersk }:
    {
      nixosModules.default = import ./deploy/nixos/module.nix { inherit self; };

      templates.default = {
        path = ./deploy/template;
        description = "Your folder of files as one executable and as a container, with a GitLab pipeline";
        welcomeText = "Put your site into ./public, `git add` it, then: `nix build .#container`";
      };
    }
    // flake-utils.lib.eachSystem [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] (system:
      let
        pkgs = nixpkgs.legacyPackages.${system};
        inherit (pkgs) lib;
        inherit (pkgs.stdenv.hostPlatform) isLinux;

        crate = pkgs.callPackage ./deploy/nix/crate.nix { naersk = naersk.lib.${system}; };
        attach = pkgs.callPackage ./deploy/nix/bundle.nix { };
        image = pkgs.callPackage ./deploy/nix/image.nix { };

        site = crate.bake { dist = tracked ./dist; name = "site"; };
        container = image { inherit site self; name = "site"; };

        # The same for your own site; `dist` is a folder that git tracks, or a derivation that makes one.
        # macOS kills an executable that was written to after it was signed, so there the site is compiled in.
        bundle = { dist, name ? "site" }:
          if isLinux then attach { inherit site name; dist = tracked dist; } else crate.bake { inherit name; dist = tracked dist; };
        containerOf = { dist, name ? "site", tag ? "flake", self ? { }, source ? null }:
          image { inherit name tag self source; site = bundle { inherit dist name; }; };

        tracked = dist:
          if lib.isDerivation dist || builtins.pathExists dist then dist
          else
            throw ''
              site: there is no folder ${toString dist}.
              A flake sees only the files that git tracks. If the folder exists, it is probably ignored by git:
              add it all the same (git add --force), or let a derivation of your flake make it and pass that as dist.'';
      in
      {
        packages = { inherit site; default = site; } // lib.optionalAttrs isLinux { inherit container; };
        defaultPackage = site;

        lib = { inherit bundle; } // lib.optionalAttrs isLinux { container = containerOf; };

        checks = crate.checks // { inherit site; }
          // lib.optionalAttrs isLinux {
          closure = pkgs.callPackage ./deploy/nix/closure.nix { inherit site; };
          module = pkgs.callPackage ./deploy/nixos/check.nix { module = self.nixosModules.default; };
        };

        apps.default = flake-utils.lib.mkApp { drv = site; name = "site"; };

        devShells.default = pkgs.mkShell {
          packages = with pkgs; [ cargo rustc clippy rustfmt rust-analyzer skopeo dive ];
        };
      });
}
