#!/usr/bin/env bash
# Prepares a software Vulkan (Mesa 25 from Debian's backports, unpacked beside the system) so that WebGPU can be tested
# without a graphics card. Prints the two environment variables a test needs, as `NAME=value` lines.
# Debian 12 on x86-64, as root. Progress goes to stderr.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$PWD/.cache/mesa
driver=$folder/root/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so

if [ ! -e "$driver" ]; then
  {
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p "$folder/lists/partial" "$folder/debs/partial" "$folder/run"
    # The libraries Mesa is linked with; Debian's own Mesa 22 lacks what WebGPU asks for.
    apt-get update -q
    apt-get install -qy --no-install-recommends mesa-vulkan-drivers libvulkan1
    mirror=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -n 1)
    [ -n "$mirror" ] || { echo "No Debian mirror is set up here."; exit 1; }
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$keys] $mirror bookworm-backports main" >"$folder/backports.list"
    options=(-o "Dir::Etc::sourcelist=$folder/backports.list" -o Dir::Etc::sourceparts=/dev/null
      -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/debs" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update -q
    (cd "$folder/debs" && apt-get "${options[@]}" download mesa-vulkan-drivers)
    dpkg -x "$folder"/debs/mesa-vulkan-drivers_25*.deb "$folder/root"
  } >&2
fi
printf '{"ICD":{"api_version":"1.4.305","library_path":"%s"},"file_format_version":"1.0.0"}\n' "$driver" >"$folder/lvp.json"
echo "VK_ICD_FILENAMES=$folder/lvp.json"
echo "XDG_RUNTIME_DIR=$folder/run"
