#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates
short_description: Make keys with self-signed certificates where there are none, and tell their fingerprints
version_added: "0.2.0"
description:
  - Makes a private key (elliptic curve P-256) and a certificate signed by itself for each interface that has none. The
    key stays on the node, readable by root only, and is never shown. Only the fingerprint travels.
  - The fingerprint is what OpenVPN takes as C(peer-fingerprint), which needs no authority that signs.
options:
  interfaces:
    description:
      - Names of the interfaces. The key is in C(NAME.key), the certificate in C(NAME.crt).
    type: list
    elements: str
    required: true
  directory:
    description:
      - Where they are.
    type: path
    default: /etc/linkagg/keys
extends_documentation_fragment:
  - linkagg.wan.attributes
requirements:
  - openssl
seealso:
  - module: linkagg.wan.wireguard_keys
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A certificate for a carrier
  linkagg.wan.certificates:
    interfaces: [tun-lte1]
"""

RETURN = r"""
public_keys:
  description:
    - The SHA-256 fingerprint of the certificate by interface. In check mode one that would be made is not among them.
  returned: success
  type: dict
  sample: {tun-lte1: "75:07:30:B5:20:11:14:0C:95:A5:47:97:2C:C9:E7:B9:09:C0:FA:7B:7E:B1:76:82:6A:6D:F0:FB:61:11:90:95"}
before:
  description: Interfaces that had one.
  returned: success
  type: list
  elements: str
after:
  description: Interfaces that have one; in check mode, that would have one.
  returned: success
  type: list
  elements: str
diff:
  description: What changes, as text.
  returned: success
  type: dict
steps:
  description: What was done, or in check mode would be, one sentence a step.
  returned: success
  type: list
  elements: str
problems:
  description: Everything that stands against the wish, one sentence each.
  returned: failure
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._keys import OPTIONS, outcome, refuse_bad_names, run
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store

# A hundred years: who is to be let in is said by the fingerprints in the inventory's plan, not by a date.
_DAYS = "36500"


class OpenSSL:
    """openssl(1) on the node."""

    def __init__(self, module: AnsibleModule) -> None:
        program = module.get_bin_path("openssl")
        if program is None:
            raise EngineError(["the program openssl is missing on this node: install the package openssl"])
        self._module, self._program = module, program

    def __call__(self, *words: str) -> str:
        """Its output. EngineError with its words."""
        code, output, errors = self._module.run_command([self._program, *words])
        if code:
            raise EngineError([f"openssl {words[0]}: {errors.strip()}"])
        return output

    def make(self, name: str, key: Path, certificate: Path) -> None:
        """Both files; a certificate is there only with its key."""
        certificate.unlink(missing_ok=True)
        store.write_file(key, self("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").encode())
        text = self("req", "-x509", "-new", "-key", str(key), "-subj", f"/CN={name}", "-days", _DAYS)
        store.write_file(certificate, text.encode(), 0o644)

    def fingerprint(self, key: Path, certificate: Path) -> str:
        """Of a certificate that goes with its key. EngineError if it does not."""
        try:
            output = self("x509", "-in", str(certificate), "-noout", "-pubkey", "-fingerprint", "-sha256")
            public_key = self("pkey", "-in", str(key), "-pubout")
        except EngineError as exc:
            remedy = "restore them, or remove both for new ones"
            raise EngineError([f"{certificate} and {key} cannot be read: {exc.problems[0]}: {remedy}"]) from exc
        if public_key.strip() not in output:
            raise EngineError([f"{certificate} is not of the key in {key}: restore them, or remove both for new ones"])
        return next(line.partition("=")[2] for line in output.splitlines() if "ingerprint=" in line).strip()


def reconcile(module: AnsibleModule, directory: Path, interfaces: list[str]) -> dict[str, Any]:
    """Make what is missing; the module's result."""
    refuse_bad_names(interfaces)
    files = {name: (directory / f"{name}.key", directory / f"{name}.crt") for name in sorted(interfaces)}
    before = [name for name, pair in files.items() if all(path.exists() for path in pair)]
    missing = [name for name in files if name not in before]
    openssl = OpenSSL(module) if files and not (module.check_mode and not before) else None
    public_keys = {}
    for name, pair in files.items():
        if name in missing and not module.check_mode and openssl:
            openssl.make(name, *pair)
        if openssl and (name in before or not module.check_mode):
            public_keys[name] = openssl.fingerprint(*pair)
    steps = [f"make a key and a certificate for {name} in {files[name][1]}" for name in missing]
    return outcome(before, list(files), public_keys, steps)


def main() -> None:
    """Run as an Ansible module."""
    run(AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True), "certificates", reconcile)


if __name__ == "__main__":
    main()
