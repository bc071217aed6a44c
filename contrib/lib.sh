# What the scripts beside it share: Debian packages, configuring, building. Sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the lists are for the scripts that source this

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(
  g++ cmake ninja-build pkg-config ccache
  libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libtomlplusplus-dev libspdlog-dev libfmt-dev
  libsystemd-dev prometheus-cpp-dev libsqlite3-dev libre2-dev libcli11-dev libssl-dev zlib1g-dev libkainjow-mustache-dev
  libc-ares-dev libyaml-cpp-dev
)
demo_packages=(python3 util-linux)
test_packages=(
  libgtest-dev libgmock-dev python3
  prometheus prometheus-alertmanager nginx openssl procps curl sqlite3 systemd
  systemd-container debootstrap util-linux faketime monitoring-plugins-basic iproute2
  python3-aiosmtpd redis-server unbound bind9-utils dovecot-imapd dovecot-pop3d openssh-server mosquitto postgresql
  mariadb-server slapd python3-grpcio python3-websockets tinyproxy-bin socat
)
# Debian lets a machine have one time service and one FTP server only, and it may have others than these: their files are
# unpacked for the tests, and they are not installed.
unpacked_test_packages=(chrony vsftpd)
fuzz_packages=(clang-19 libclang-rt-19-dev)
bench_packages=(libbenchmark-dev python3 nginx wrk prometheus prometheus-alertmanager prometheus-blackbox-exporter nagios4-core procps util-linux)

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
[[ -t 1 ]] || say() { printf '==> %s\n' "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root: run this as root, install sudo, or have an administrator run: apt-get install --no-install-recommends --no-remove $missing"
  fi
}

# Of several architectures of one package, any installed one counts.
is_installed() {
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# Packages that Debian does not let stand beside ours: said before apt would have to choose between them.
refuse_excluded() {
  local excluded
  excluded=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2>/dev/null |
    sed -nE 's/^installed (libboost1\.[0-9]+-dev)$/\1/p' | grep -vx libboost1.81-dev | head -n 1 || true)
  if [[ -n $excluded ]]; then
    die "Candor needs libboost1.81-dev, which Debian does not allow beside $excluded, which is installed here: nothing was changed; remove it yourself (apt-get remove $excluded, and look at what goes with it) or build in a Debian 12 container."
  fi
  for excluded in libcurl4-gnutls-dev libcurl4-nss-dev; do
    if is_installed "$excluded"; then
      die "Candor needs libcurl4-openssl-dev, which Debian does not allow beside $excluded, which is installed here: nothing was changed; remove it yourself (apt-get remove $excluded) or build in a Debian 12 container."
    fi
  done
}

# The file that says which system this is. Another one is only named by the tests of this script.
os_release=${CANDOR_OS_RELEASE:-/etc/os-release}

is_debian_12() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null &&
    grep -qE '^(VERSION_CODENAME|DEBIAN_CODENAME)="?bookworm"?$' "$os_release" 2>/dev/null
}

# install_packages NAME…: installs those that are missing, and touches nothing else.
install_packages() {
  if ! is_debian_12; then
    die "this is not Debian 12, so nothing is installed: provide what these packages of Debian 12 hold and run this again with --no-install: $*"
  fi
  missing=""
  local package
  for package in "$@"; do
    [[ " $missing " == *" $package "* ]] || is_installed "$package" || missing+="${missing:+ }$package"
  done
  if [[ -z $missing ]]; then
    say "Packages: all there"
    return
  fi
  refuse_excluded
  say "Packages: installing $missing"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update </dev/null ||
    die "apt-get update failed (see above): mend the machine's package sources or its network and run this again."
  # shellcheck disable=SC2086  # a list of names
  as_root "${apt[@]}" install -y --no-install-recommends --no-remove $missing </dev/null ||
    die "apt-get could not install $missing (see above); no package was removed for them. If one that is installed stands in their way, remove it yourself or build in a Debian 12 container."
  if [[ -d /run/systemd/system && " $missing " =~ \ (nginx|prometheus|prometheus-alertmanager|redis-server|dovecot-imapd|openssh-server|mosquitto|postgresql|mariadb-server|slapd)\  ]]; then
    say "Debian starts the servers among these packages as services when it installs them. Candor's tests run their own; to stop those that you do not need: systemctl disable --now nginx prometheus prometheus-alertmanager redis-server dovecot ssh mosquitto postgresql mariadb slapd"
  fi
}

# unpack_packages FOLDER NAME…: the files of packages, without installing them; those that are installed are left out.
unpack_packages() {
  local folder=$1 package
  shift
  for package in "$@"; do
    if is_installed "$package" || [[ -e $folder/usr/share/doc/$package ]]; then continue; fi
    say "Packages: unpacking $package"
    mkdir -p "$folder"
    (cd "$folder" && apt-get -q download "$package" </dev/null && dpkg-deb -x "$package"_*.deb . && rm "$package"_*.deb) ||
      die "apt-get could not download $package (see above): mend the machine's package sources or its network and run this again."
  done
}

# How many compilers at once: a core and about a gigabyte each. CANDOR_JOBS overrides it.
jobs() {
  local by_cores by_memory
  by_cores=$(nproc)
  by_memory=$(awk '/^MemTotal:/ { print int($2 / 1000000) }' /proc/meminfo)
  ((by_memory >= 1)) || by_memory=1
  printf '%s\n' "${CANDOR_JOBS:-$((by_cores < by_memory ? by_cores : by_memory))}"
}

# configure PRESET OPTION…: what an existing build folder has been told otherwise stays as it is.
configure() {
  local preset=$1
  shift
  local options=()
  if [[ ! -e $root/build/$preset/CMakeCache.txt ]] && command -v ccache >/dev/null; then
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  say "Configuring build/$preset"
  (cd "$root" && cmake --preset "$preset" -Wno-dev "${options[@]}" "$@" </dev/null) ||
    die "CMake could not configure build/$preset (see above)."
}

# build PRESET TARGET…
build() {
  local preset=$1
  shift
  say "Building $* (first time: some minutes)"
  cmake --build "$root/build/$preset" --parallel "$(jobs)" --target "$@" </dev/null ||
    die "the build of build/$preset failed (see above)."
}

known_preset() {
  [[ $1 =~ ^(release|debug|asan|tsan)$ ]] || die "no preset '$1' (known: release, debug, asan, tsan)."
}
