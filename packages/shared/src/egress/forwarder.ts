/**
 * The forwarder: inside the wall it offers 127.0.0.1:3128 and carries every connection to the proxy's unix socket, for
 * tools that know proxies by host and port only. Perl, as every Debian has it and it is small: 6 MB; the runtime becomes
 * the process it started as, so that nothing of the forwarder stands between the bridge and the runtime.
 */

/** Where tools find the proxy. */
const forwarderPort = 3128;

/** Perl of the base system, with nothing but core modules of `perl-base`. */
export const forwarderProgram = '/usr/bin/perl';

/** A process that listens, leaves a child to serve, and becomes the command that it is given. */
export function withForwarder(socketPath: string, executable: string, args: readonly string[]): [string, string[]] {
  return [forwarderProgram, ['-e', program, socketPath, String(forwarderPort), executable, ...args]];
}

/** Variables that tell tools of the proxy. The model API has a socket of its own. */
export function proxyEnv(): Record<string, string> {
  const url = `http://127.0.0.1:${forwarderPort}`;
  const direct = 'localhost,127.0.0.1,::1,model.ash.internal';
  return {
    ...{ HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url, https_proxy: url, ALL_PROXY: url, all_proxy: url },
    ...{ NO_PROXY: direct, no_proxy: direct, ASH_EGRESS: url },
    // Node's own fetch looks at the variables only when it is told to.
    NODE_USE_ENV_PROXY: '1',
  };
}

/**
 * One process with select: two descriptors and two buffers a connection, reading from a side only while the other side
 * takes it. Without a wall the port may be taken; then it is another, and the variables say so.
 */
const program = String.raw`
use strict; use Socket; use Fcntl; use Errno qw(EAGAIN EINTR EINPROGRESS);
my ($path, $port) = splice(@ARGV, 0, 2);
socket(my $door, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1);
bind($door, sockaddr_in($port, INADDR_LOOPBACK)) or bind($door, sockaddr_in(0, INADDR_LOOPBACK)) or die "bind: $!";
listen($door, 128) or die "listen: $!";
my ($got) = sockaddr_in(getsockname($door));
if ($got != $port) { for (values %ENV) { s/^http:\/\/127\.0\.0\.1:$port$/http:\/\/127.0.0.1:$got/ } }
my $pid = fork; die "fork: $!" unless defined $pid;
if ($pid) { waitpid($pid, 0); exec { $ARGV[0] } @ARGV; die "exec $ARGV[0]: $!" }
exit 0 if fork;
open(STDIN, '<', '/dev/null'); open(STDOUT, '>', '/dev/null'); open(STDERR, '>', '/dev/null');
$0 = 'ash-egress'; $SIG{PIPE} = 'IGNORE'; $SIG{HUP} = 'IGNORE';
my $flags = fcntl($door, F_GETFL, 0); fcntl($door, F_SETFL, $flags | O_NONBLOCK);
my (%side, $count); $count = 0;
sub shut {
  my @both = ($_[0], $_[0]{peer}); $count--;
  for my $s (@both) { delete $side{fileno $s->{fh}}; close $s->{fh}; $s->{peer} = undef; }
}
while (1) {
  my ($r, $w) = ('', '');
  vec($r, fileno $door, 1) = 1 if $count < 200;
  while (my ($fd, $s) = each %side) {
    vec($r, $fd, 1) = 1 if !$s->{eof} && length($s->{peer}{out}) < 65536;
    vec($w, $fd, 1) = 1 if length $s->{out};
  }
  next if select($r, $w, undef, undef) < 0;
  if (vec($r, fileno $door, 1) && accept(my $c, $door)) {
    my $u;
    if (socket($u, PF_UNIX, SOCK_STREAM, 0) && connect($u, sockaddr_un($path))) {
      for ($c, $u) { my $f = fcntl($_, F_GETFL, 0); fcntl($_, F_SETFL, $f | O_NONBLOCK); }
      setsockopt($c, Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1);
      my ($a, $b) = ({ fh => $c, out => '' }, { fh => $u, out => '' });
      $a->{peer} = $b; $b->{peer} = $a; $side{fileno $c} = $a; $side{fileno $u} = $b; $count++;
    }
  }
  for my $fd (keys %side) {
    my $s = $side{$fd} or next; my $broken = 0;
    if (vec($r, $fd, 1) && !$s->{eof}) {
      my $n = sysread($s->{fh}, $s->{peer}{out}, 65536, length $s->{peer}{out});
      if (!defined $n) { $broken = 1 unless $! == EAGAIN || $! == EINTR } elsif ($n == 0) { $s->{eof} = 1 }
    }
    for my $t ($s->{peer}, $s) {
      last if $broken;
      if (length $t->{out}) {
        my $n = syswrite($t->{fh}, $t->{out});
        if (defined $n) { substr($t->{out}, 0, $n, '') } elsif ($! != EAGAIN && $! != EINTR) { $broken = 1 }
      }
      if (!$broken && $t->{peer}{eof} && !length $t->{out} && !$t->{ended}) { $t->{ended} = 1; shutdown($t->{fh}, 1); }
    }
    shut($s) if $broken || ($s->{ended} && $s->{peer}{ended});
  }
}
`;
