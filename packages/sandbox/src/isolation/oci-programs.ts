/**
 * The two programs around an OCI runtime, in Perl as every Debian has it. Outside, the supervisor builds the bundle in a small
 * tmpfs that nobody else sees and that goes with it, has the runtime make the container, and then waits for its leash
 * or for the container, as the wall's own user. Inside, the first process takes the argv, runs it, and reports its end.
 *
 * Each ends with the other: the supervisor kills what it has started, and the first process inside has asked the kernel
 * to be killed when the supervisor ends. That can be asked only once the runtime is gone from between them, which is what
 * the byte on descriptor 5 tells.
 */

const nosuidNodev = 6;

/** What both supervisors begin with: descriptors, and the bundle's folders in the scratch. */
const begin = (names: string, flags: number): string => String.raw`
use strict; $^F = 255;
my (${names}) = @ARGV;
my %fd; for my $n (0 .. 9) { open($fd{$n}, '+<&=', $n) or open($fd{$n}, '<&=', $n) or open($fd{$n}, '>&=', $n) }
sub fail { syswrite $fd{6}, "$_[0]\n"; exit 97 }
sub slurp { my ($h) = @_; local $/; my $t = readline($h); defined $t ? $t : '' }
sub put { my ($path, $text) = @_; my $h; open($h, '>', $path) && print($h $text) && close($h) or fail("$path: $!") }
my ($tmpfs, $how, $from) = ('tmpfs', 'mode=0755,size=8m', 'ash-oci');
syscall($mount, $from, $scratch, $tmpfs, ${flags}, $how) == 0 or fail("mount $scratch: $!");
mkdir "$scratch/$_" for qw(root bundle state);
for (split /\0/, slurp($fd{8})) {
  my ($kind, $path, $target) = split ' ', $_, 3;
  if ($kind eq 'd') { mkdir "$scratch/root$path" or fail("$path: $!") }
  elsif ($kind eq 't') { chmod 01777, "$scratch/root$path" or fail("$path: $!") }
  elsif ($kind eq 'f') { put("$scratch/root$path", '') }
  else { symlink($target, "$scratch/root$path") or fail("$path: $!") }
}`;

/**
 * Arguments: numbers of prctl, mount, umount2 and dup3; scratch folder; uid of the wall; runtime with its arguments.
 * Descriptors: those of `wallChannels`, with 7 the configuration, 8 the skeleton, 9 the stderr of what runs inside.
 */
export const ociSupervisor = String.raw`${begin('$prctl, $mount, $umount, $dup, $scratch, $uid, @runtime', nosuidNodev)}
put("$scratch/bundle/config.json", slurp($fd{7}));
# The groups are made and joined already; the runtime would make others, and leave them.
open(my $mounts, '<', '/proc/self/mountinfo') or fail("mountinfo: $!");
my $none = '';
for (reverse <$mounts>) {
  my ($place, $type) = m/^\S+ \S+ \S+ \S+ (\S+) .* - (cgroup2?) / or next;
  # Beside groups of the first kind, those of the second kind only confuse it.
  if ($type eq 'cgroup2' && $place ne '/sys/fs/cgroup') { syscall($umount, $place, 2) == 0 or fail("umount $place: $!") }
  else { syscall($mount, $none, $place, $none, 0x1021, $none) == 0 or fail("mount $place: $!") }
}
close $mounts;
syscall($prctl, 36, 1, 0, 0, 0) == 0 or fail("subreaper: $!");
pipe(my $hear, my $tell) or fail("pipe: $!");
my $pid = fork; defined $pid or fail("fork: $!");
if (!$pid) {
  syscall($dup, 9, 2, 0); syscall($dup, fileno($hear), 5, 0);
  close $_ for $tell, $hear, @fd{6 .. 9};
  exec { $runtime[0] } @runtime; exit 127;
}
close $hear;
waitpid($pid, 0) == $pid && $? == 0 or do {
  my $log; my $why = open($log, '<', "$scratch/log") ? slurp($log) : '';
  fail($why =~ /\S/ ? $why : "the runtime ended with status $?");
};
open(my $id, '<', "$scratch/pid") or fail("pid: $!");
my $init = slurp($id) + 0; close $id;
# Nothing privileged is left to do.
$) = "$uid $uid"; $( = $uid; $< = $> = $uid;
($< == $uid && $> == $uid && $( == $uid) or fail("switch of users: $!");
syscall($prctl, 38, 1, 0, 0, 0);
syswrite $fd{4}, "{\"child-pid\": $init}\n";
syswrite $fd{6}, "ok\n";
pipe(my $woken, my $wake) or fail("pipe: $!");
$SIG{CHLD} = sub { syswrite $wake, 'x' };
syswrite $tell, 'x';
open(STDIN, '<', '/dev/null'); open(STDOUT, '>', '/dev/null'); open(STDERR, '>', '/dev/null');
close $fd{$_} for 3, 4, 6 .. 9;
my $status;
while (!defined $status) {
  while ((my $gone = waitpid(-1, 1)) > 0) { $status = $? if $gone == $init }
  last if defined $status;
  my $r = ''; vec($r, 5, 1) = 1; vec($r, fileno($woken), 1) = 1;
  next if select($r, undef, undef, undef) < 0;
  sysread($woken, my $x, 4096) if vec($r, fileno($woken), 1);
  if (vec($r, 5, 1) && !sysread($fd{5}, my $x, 4096)) {
    kill 'KILL', $init;
    waitpid($init, 0); $status = $?;
  }
}
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
`;

/** Arguments: number of prctl, folder to run in, processes to limit to (0: nothing to do), argv if it is known already. */
export const ociInit = String.raw`
use strict; use Fcntl;
my ($prctl, $cwd, $nproc, @argv) = @ARGV;
open(my $supervisor, '<&=', 5) or exit 98;
sysread($supervisor, my $go, 1) == 1 or exit 98;
syscall($prctl, 1, 9, 0, 0, 0);
fcntl($supervisor, F_SETFL, fcntl($supervisor, F_GETFL, 0) | O_NONBLOCK);
exit 98 if defined sysread($supervisor, $go, 1);
close $supervisor;
open(my $command, '+<&=', 3) or exit 98;
if (!@argv) { local $/; my $text = readline $command; @argv = split /\0/, $text, -1 if defined $text; pop @argv }
close $command;
exit 98 unless @argv;
unshift @argv, '/usr/bin/prlimit', "--nproc=$nproc", '--' if $nproc;
open(my $status, '+<&=', 4) or exit 98;
fcntl($status, F_SETFD, FD_CLOEXEC);
chdir $cwd or do { print STDERR "chdir $cwd: $!\n"; exit 98 };
my $pid = fork; defined $pid or exit 98;
if (!$pid) { exec { $argv[0] } @argv; print STDERR "$argv[0]: $!\n"; exit 127 }
open(STDIN, '<', '/dev/null'); open(STDOUT, '>', '/dev/null'); open(STDERR, '>', '/dev/null');
while ((my $gone = wait) > 0) {
  next if $gone != $pid;
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  syswrite $status, "{\"exit-code\": $code}\n";
  exit $code;
}
`;

/** What stands in the configuration for the arguments of the program, which come over the command channel. */
export const argvMark = '@ARGV@';

/**
 * The supervisor of gVisor's runsc, which passes on no descriptors but 0, 1 and 2: the container is made when the argv has come,
 * with it in the configuration. It is the first process of a pid namespace, and so its end is that of all that runsc started.
 *
 * Its file server mounts the root once more, in a user namespace, where `nosuid` and `nodev` of the first mount would be in its way.
 *
 * Arguments: numbers of prctl and mount; scratch folder; uid of the wall; runsc with its arguments. Descriptors as above.
 */
export const runscSupervisor = String.raw`${begin('$prctl, $mount, $scratch, $uid, @runtime', 0)}
# By the number that the host knows it by: until here, /proc is the host's.
my $self = readlink '/proc/self';
my ($proc, $place, $none) = ('proc', '/proc', '');
syscall($mount, $proc, $place, $proc, 14, $none) == 0 or fail("mount /proc: $!");
my $config = slurp($fd{7});
my $pid = fork; defined $pid or fail("fork: $!");
if (!$pid) {
  close $_ for @fd{5, 6, 8};
  my @argv = split /\0/, slurp($fd{3}), -1; pop @argv;
  exit 98 unless @argv;
  my $args = join ',', map { my $word = $_; $word =~ s/([\x00-\x1f"\\])/sprintf '\\u%04x', ord $1/ge; "\"$word\"" } @argv;
  my $mark = '"' . '@' . 'ARGV' . '@' . '"';
  my $at = index $config, $mark;
  substr($config, $at, length $mark) = $args;
  put("$scratch/bundle/config.json", $config);
  syswrite $fd{4}, "{\"child-pid\": $self}\n";
  open(STDERR, '>&', $fd{9});
  close $_ for @fd{3, 4, 7, 9};
  exec { $runtime[0] } @runtime; exit 127;
}
syswrite $fd{6}, "ok\n";
# Nothing privileged is left to do.
$) = "$uid $uid"; $( = $uid; $< = $> = $uid;
($< == $uid && $> == $uid) or exit 97;
syscall($prctl, 38, 1, 0, 0, 0); syscall($prctl, 1, 9, 0, 0, 0);
pipe(my $woken, my $wake) or exit 97;
$SIG{CHLD} = sub { syswrite $wake, 'x' };
open(STDIN, '<', '/dev/null'); open(STDOUT, '>', '/dev/null'); open(STDERR, '>', '/dev/null');
close $fd{$_} for 3, 6 .. 8;
my $status;
while (!defined $status) {
  while ((my $gone = waitpid(-1, 1)) > 0) { $status = $? if $gone == $pid }
  last if defined $status;
  my $r = ''; vec($r, 5, 1) = 1; vec($r, fileno($woken), 1) = 1;
  next if select($r, undef, undef, undef) < 0;
  sysread($woken, my $x, 4096) if vec($r, fileno($woken), 1);
  exit 137 if vec($r, 5, 1) && !sysread($fd{5}, my $y, 4096);
}
my $code = $status & 127 ? 128 + ($status & 127) : $status >> 8;
# Its own failures look like an end of the program with 128; what it says of them is in its log.
my ($log, $said) = (undef, '');
$said = slurp($log) if $code == 128 && open($log, '<', "$scratch/log");
if ($said =~ /\S/) { syswrite $fd{9}, substr($said, -2000); exit 97 }
syswrite $fd{4}, "{\"exit-code\": $code}\n" unless $status & 127;
exit $code;
`;
