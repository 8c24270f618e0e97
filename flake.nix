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

        crate = pkgs.callPackage ./deploy/nix/crate.nix { naersk = naersk.lib.${system}; };
        image = pkgs.callPackage ./deploy/nix/image.nix { };

        site = crate.bake { dist = ./dist; };
        container = image { inherit site self; name = "site"; };

        # The same for your own site; `dist` is a folder that git tracks, or a derivation that makes one.
        bundle = { dist, name ? "site" }: crate.bake { inherit dist name; };
        containerOf = { dist, name ? "site", tag ? "flake", self ? { }, source ? null }:
          image { inherit name tag self source; site = bundle { inherit dist name; }; };
      in
      {
        packages = { inherit site; default = site; } // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux { inherit container; };
        defaultPackage = site;

        lib = { inherit bundle; } // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux { container = containerOf; };

        checks = crate.checks // { inherit site; }
          // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
          closure = pkgs.callPackage ./deploy/nix/closure.nix { inherit site; };
          module = pkgs.callPackage ./deploy/nixos/check.nix { module = self.nixosModules.default; };
        };

        apps.default = flake-utils.lib.mkApp { drv = site; name = "site"; };

        devShells.default = pkgs.mkShell {
          packages = with pkgs; [ cargo rustc clippy rustfmt rust-analyzer skopeo dive ];
        };
      });
}
