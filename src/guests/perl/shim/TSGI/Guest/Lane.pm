# A lane: the socket over which this process gets requests, one at a time, and answers them.
package TSGI::Guest::Lane;
use strict;
use warnings;

use TSGI::Guest::Wire;

use constant {
    # What one read asks for, unless more is known to come. A larger buffer would be mapped and unmapped for each request.
    RECEIVE_BYTES => 16_384,
    # Lists of keys that a lane remembers.
    KEY_LISTS => 16,
    # Up to here a body is copied behind its head, and leaves in one write.
    JOINED_BYTES => 65_536,
    # Longer texts for the log leave in several frames.
    LOG_BYTES => 65_536,
};

# On a socket that is connected; `status` is this process's part of the status file.
sub new {
    my ($class, $socket, $status) = @_;
    return bless {
        socket  => $socket,
        status  => $status,
        rest    => '',         # what was received and not read
        keys    => [],         # lists of keys, by their number
        mail    => [],         # frames for the request that is running
        current => 0,          # its id; 0 while there is none
        owner   => $$,
    }, $class;
}

# Introduces the lane to TSGI.
sub open {
    my ($self, $token, $process) = @_;
    my $hello = {
        protocol => PROTOCOL_VERSION,
        token    => $token,
        process  => $process + 0,
        lane     => 0,
        keys     => KEY_LISTS,
        maxBatch => 1,
        status   => 'write',
        thread   => 'main',
    };
    $self->send(frame(HELLO, 0, '', encode_json_text($hello)));
    return;
}

# Receives what has come; waits where nothing has. The end of the lane ends this process, as nobody wants anything of it any more.
sub receive {
    my ($self) = @_;
    # The length of a frame whose header is here: a long body comes in few reads.
    my $wanted = RECEIVE_BYTES;
    if (length $self->{rest} >= HEADER_BYTES) {
        my $missing = HEADER_BYTES + unpack('V', $self->{rest}) - length $self->{rest};
        $wanted = $missing if $missing > $wanted;
    }
    my $count = sysread($self->{socket}, $self->{rest}, $wanted, length $self->{rest});
    die TSGI::Guest::LaneClosed->new if defined $count ? $count == 0 : !$!{EINTR};
    return;
}

# The next frame that has arrived completely: type, id, bytes of head, payload, flags, number; nothing where more must be received first.
sub next_frame {
    my ($self) = @_;
    my $available = length $self->{rest};
    return if $available < HEADER_BYTES;
    my ($length, $id, $head, $type, $flags, $aux) = unpack 'VVVCCv', $self->{rest};
    return if $available < HEADER_BYTES + $length;
    my $payload;
    if ($available == HEADER_BYTES + $length) {
        $payload = substr $self->{rest}, HEADER_BYTES;
        $self->{rest} = '';
    }
    else {
        $payload = substr $self->{rest}, HEADER_BYTES, $length;
        substr $self->{rest}, 0, HEADER_BYTES + $length, '';
    }
    return ($type, $id, $head, $payload, $flags, $aux);
}

# The next request: id, bytes of its head, payload, flags, number; nothing where none has arrived completely.
sub next_request {
    my ($self) = @_;
    while (my ($type, $id, $head, $payload, $flags, $aux) = $self->next_frame) {
        return ($id, $head, $payload, $flags, $aux) if $type == REQUEST;
        $self->{keys}[$aux] = [ split /\0/, $payload, -1 ] if $type == KEYS;
    }
    return;
}

# The next frame of one of these types for the request that is running, and for the call of that number: type, payload, bytes of head, flags.
sub wait_for {
    my ($self, $number, @types) = @_;
    my %is_wanted = map { $_ => 1 } @types;
    while (1) {
        for my $index (0 .. $#{ $self->{mail} }) {
            my $frame = $self->{mail}[$index];
            next if !$is_wanted{ $frame->[0] } || $frame->[4] != $number;
            splice @{ $self->{mail} }, $index, 1;
            return @$frame[ 0 .. 3 ];
        }
        $self->receive;
        while (my ($type, $id, $head, $payload, $flags, $aux) = $self->next_frame) {
            push @{ $self->{mail} }, [ $type, $payload, $head, $flags, $aux ] if $id == $self->{current};
        }
    }
    return;
}

# Sends bytes of whole frames. Another process that the application has forked ends here: the lane is its parent's.
sub send {
    my ($self, @parts) = @_;
    if ($$ != $self->{owner}) {
        require POSIX;
        POSIX::_exit(0);
    }
    for my $data (@parts) {
        my ($start, $end) = (0, length $data);
        while ($start < $end) {
            my $sent = syswrite $self->{socket}, $data, $end - $start, $start;
            if (defined $sent) { $start += $sent }
            elsif (!$!{EINTR}) { die TSGI::Guest::LaneClosed->new }
        }
    }
    return;
}

# Sends a frame of the request that is running.
sub send_frame {
    my ($self, $type, $head, $body, $flags, $aux) = @_;
    my $bytes  = length $head;
    my $header = pack 'VVVCCv', $bytes + length $body, $self->{current}, $bytes, $type, $flags, $aux;
    if   (length $body <= JOINED_BYTES) { $self->send($header . $head . $body) }
    else                                { $self->send($header . $head, $body) }
    return;
}

# A text of characters for the error log.
sub log {
    my ($self, $text) = @_;
    utf8::encode($text);
    for (my $start = 0; $start < length $text; $start += LOG_BYTES) {
        $self->send_frame(LOG, '', substr($text, $start, LOG_BYTES), 0, 0);
    }
    return;
}

package TSGI::Guest::LaneClosed;

# TSGI hung up: there is nobody left to answer.
sub new {
    my ($class) = @_;
    return bless {}, $class;
}

1;
