/**
 * Owns the licence notes that go with an executable: what it contains, from
 * whom, under which terms. Never looks anything up.
 *
 * @module
 */

/** A package that is embedded. */
export interface EmbeddedPackage {
  name: string;
  version: string;
  /** SPDX expression, as the package states it. */
  license: string;
  /** Text of its licence file; "" if it has none. */
  text: string;
}

/** What an executable contains. */
export interface Contents {
  version: string;
  denoVersion: string;
  v8Version: string;
  /** Text of our own LICENSE. */
  ownLicense: string;
  packages: readonly EmbeddedPackage[];
}

const RULE = "=".repeat(72);

/** The text of LICENSES.txt. */
export function noticesText(contents: Contents): string {
  const { version, denoVersion, v8Version, ownLicense, packages } = contents;
  const sections = [
    section(`denocached ${version} (MIT)`, ownLicense),
    section(
      `Deno ${denoVersion} (MIT)`,
      `https://github.com/denoland/deno\n\nMIT License\n\n` +
        `Copyright 2018-2026 the Deno authors\n\n${MIT}\n` +
        `Deno contains libraries written in Rust; Cargo.lock of that version\n` +
        `lists them, each under a licence that allows this use:\n` +
        `https://github.com/denoland/deno/blob/v${denoVersion}/Cargo.lock`,
    ),
    section(
      `V8 ${v8Version} (BSD-3-Clause)`,
      `https://v8.dev\n\nCopyright 2014, the V8 project authors. ` +
        `All rights reserved.\n\n${BSD_3_CLAUSE}`,
    ),
    ...packages.map((p) =>
      section(
        `${p.name} ${p.version} (${p.license})`,
        `https://www.npmjs.com/package/${p.name}\n\n${p.text}`,
      )
    ),
  ];
  return `The executable denocached consists of these works.\n\n` +
    sections.join("\n");
}

function section(title: string, body: string): string {
  return `${RULE}\n${title}\n${RULE}\n\n${body.trim()}\n`;
}

const MIT = `\
Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

const BSD_3_CLAUSE = `\
Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are
met:

    * Redistributions of source code must retain the above copyright
      notice, this list of conditions and the following disclaimer.
    * Redistributions in binary form must reproduce the above
      copyright notice, this list of conditions and the following
      disclaimer in the documentation and/or other materials provided
      with the distribution.
    * Neither the name of Google Inc. nor the names of its
      contributors may be used to endorse or promote products derived
      from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS
"AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR
A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT
OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY
THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`;
