# The control channel: the socket over which this process hears what it is to do, and tells how it fares.
package TSGI::Guest::Control;
use strict;
use warnings;

use Fcntl qw(F_GETFL F_SETFL F_SETOWN);
use Socket qw(AF_UNIX SOCK_STREAM MSG_PEEK MSG_DONTWAIT pack_sockaddr_un);
use TSGI::Guest::Wire;

# Of fcntl(2). The module Fcntl has it only where the system's headers name it O_ASYNC or FASYNC.
use constant ASYNC => eval { Fcntl::O_ASYNC() } || eval { Fcntl::FASYNC() } || 0;

# With the options of the process, which name the socket and the secret.
sub new {
    my ($class, $options) = @_;
    return bless { options => $options, socket => undef, rest => '' }, $class;
}

# A connection to TSGI; ends this process when nobody listens any more.
sub connect {
    my ($self) = @_;
    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die "Cannot make a socket: $!\n";
    return $socket if CORE::connect($socket, pack_sockaddr_un($self->{options}{socket}));
    $self->clear_up;
    leave_at_once();
}

# Opens the channel of a process. A fork opens its own, and closes its parent's.
sub open {
    my ($self, $process, $dump_signal) = @_;
    close $self->{socket} if $self->{socket};
    $self->{rest} = '';
    $self->{socket} = $self->connect;
    $self->tell(
        HELLO,
        {
            protocol => PROTOCOL_VERSION,
            token    => $self->{options}{token},
            process  => $process + 0,
            lane     => -1,
            pid      => $$ + 0,
            language => 'Perl',
            version  => sprintf('%vd', $^V),
            dump     => { signal => $dump_signal, format => 'lines' },
        },
    );
    $self->watch;
    return;
}

# Ends with TSGI also while the application works: nobody waits for its answer then.
sub watch {
    my ($self) = @_;
    return if !ASYNC;
    $SIG{IO} = sub { $self->leave if $self->is_over };
    fcntl($self->{socket}, F_SETOWN, $$ + 0);
    my $flags = fcntl($self->{socket}, F_GETFL, 0) or return;
    fcntl($self->{socket}, F_SETFL, $flags | ASYNC);
    # What happened before the first signal could come.
    $self->leave if $self->is_over;
    return;
}

sub is_over {
    my ($self) = @_;
    defined recv($self->{socket}, my $byte, 1, MSG_PEEK | MSG_DONTWAIT) or return !($!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR});
    return $byte eq '';
}

# Sends a message.
sub tell {
    my ($self, $type, $message) = @_;
    my $data = frame($type, 0, '', encode_json_text($message));
    while ($data ne '') {
        my $sent = syswrite($self->{socket}, $data);
        if (defined $sent) { substr($data, 0, $sent, '') }
        elsif (!$!{EINTR}) { $self->leave }
    }
    return;
}

# The next message that has arrived completely, as (type, value); nothing where more must be received first.
sub next_message {
    my ($self) = @_;
    return if length $self->{rest} < HEADER_BYTES;
    my ($length, undef, undef, $type) = unpack 'VVVC', $self->{rest};
    return if length $self->{rest} < HEADER_BYTES + $length;
    my $payload = substr($self->{rest}, 0, HEADER_BYTES + $length, '');
    substr($payload, 0, HEADER_BYTES, '');
    return ($type, $payload eq '' ? undef : decode_json_text($payload));
}

# Receives what has come; waits where nothing has. The end of the channel ends this process.
sub receive {
    my ($self) = @_;
    my $count = sysread($self->{socket}, $self->{rest}, 65_536, length $self->{rest});
    $self->leave if defined $count ? $count == 0 : !$!{EINTR};
    return;
}

# Ends at once, because TSGI has hung up. Clears up after it if it was killed: then nobody listens any more.
sub leave {
    my ($self) = @_;
    for (1 .. 10) {
        # While the descriptors of a dying process are closed one after another, its socket may still take connections.
        my $socket = $self->connect;
        my $bits   = '';
        vec($bits, fileno($socket), 1) = 1;
        select($bits, undef, undef, 1) and sysread($socket, my $byte, 1);
    }
    leave_at_once();
}

sub clear_up {
    my ($self)      = @_;
    my $status      = $self->{options}{status};
    my ($directory) = $status =~ m{\A(.*)/} or return;
    unlink $self->{options}{socket}, $status, "$directory/process-$$";
    rmdir $directory;
    return;
}

# Without END blocks and destructors, which are the application's.
sub leave_at_once {
    require POSIX;
    POSIX::_exit(0);
}

1;
