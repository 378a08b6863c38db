# Applications that take their connection over by psgix.io. Each holds its process for as long as it speaks.
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);

my $MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

# Bytes that are there, or dies.
sub exactly {
    my ($io, $count) = @_;
    my $data = '';
    while (length $data < $count) { sysread($io, $data, $count - length $data, length $data) or die "The client has left\n" }
    return $data;
}

sub all_of {
    my ($io, $data) = @_;
    my $start = 0;
    while ($start < length $data) { $start += syswrite($io, $data, length($data) - $start, $start) || die "The client has left\n" }
}

sub handshake {
    my ($env) = @_;
    my $accept = sha1_base64($env->{HTTP_SEC_WEBSOCKET_KEY} . $MAGIC) . '=';
    all_of($env->{'psgix.io'}, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n");
}

# Says what it hears until it hears the end.
sub echo {
    my ($io) = @_;
    while (1) {
        my ($first, $length) = unpack 'CC', exactly($io, 2);
        $length &= 127;
        $length = unpack 'n',  exactly($io, 2) if $length == 126;
        $length = unpack 'Q>', exactly($io, 8) if $length == 127;
        my $mask = exactly($io, 4);
        my $data = exactly($io, $length);
        $data ^= substr $mask x (1 + $length / 4), 0, $length;
        my $size = $length < 126 ? pack('C', $length) : $length < 65_536 ? pack('Cn', 126, $length) : pack('CQ>', 127, $length);
        all_of($io, pack('C', $first) . $size . $data);
        return if ($first & 15) == 8;
    }
}

my %APPS = (
    '/echo'    => sub { my ($env) = @_; return sub { handshake($env); echo($env->{'psgix.io'}) } },
    '/at-once' => sub { my ($env) = @_; handshake($env); echo($env->{'psgix.io'}); return [] },
    '/methods' => sub { my ($env) = @_; my $io = $env->{'psgix.io'}; $io->blocking(1); handshake($env); echo($io); return [] },
    '/refused' => sub { my ($env) = @_; all_of($env->{'psgix.io'}, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"); return [] },
    '/dies'    => sub { my ($env) = @_; handshake($env); die "in the middle\n" },
    '/own'     => sub { my ($env) = @_; handshake($env); $env->{'psgix.io'} = {}; die "in the middle\n" },
    '/none'    => sub { my ($env) = @_; handshake($env); delete $env->{'psgix.io'}; die "in the middle\n" },
    '/both'    => sub { my ($env) = @_; my $number = fileno $env->{'psgix.io'}; return sub { $_[0]->([ 200, [], ['both'] ]) } },
    '/late'    => sub { my ($env) = @_; return sub { my $writer = $_[0]->([ 200, [] ]); $writer->write('begun'); return $env->{'psgix.io'}->blocking } },
);

sub {
    my ($env) = @_;
    my $app = $APPS{ $env->{PATH_INFO} };
    return $app->($env) if $app && $env->{'psgix.io'};
    return [ 200, [ 'Content-Type' => 'text/plain' ], [$$] ] if $env->{PATH_INFO} eq '/pid';
    # Copies and looks at what is there; none of that takes the connection over.
    my %copy = %{$env};
    my $what = join ' ', exists $copy{'psgix.io'} ? 'offered' : 'absent', defined $copy{'psgix.io'} ? "$copy{'psgix.io'}" =~ s/\(.*//r : ();
    return [ 200, [ 'Content-Type' => 'text/plain' ], [$what] ];
}
