# A lane: the socket over which this process gets requests, and answers them one after another.
#
# Several requests may come in one read. Their answers leave in one write, unless one of them takes long: TSGI watches over that, takes
# finished answers from the status file and says which requests are not to be started. Source: docs/lane-protocol.md, "Batches".
package TSGI::Guest::Lane;
use strict;
use warnings;

use Time::HiRes qw(clock_gettime);
use TSGI::Guest::Wire;

use constant {
    # Otherwise a function is called for its value each time.
    MONOTONIC => Time::HiRes::CLOCK_MONOTONIC(),
    # What one read asks for, unless more is known to come. A larger buffer would be mapped and unmapped for each read.
    RECEIVE_BYTES => 32_768,
    # Lists of keys that a lane remembers.
    KEY_LISTS => 16,
    # Requests that it takes at a time.
    MAX_BATCH => 64,
    # Up to here a body is copied behind its head, and leaves in one write.
    JOINED_BYTES => 65_536,
    # Longer texts for the log leave in several frames.
    LOG_BYTES => 65_536,
    # Answers are kept back while requests are answered as fast as that.
    PATIENCE_SECONDS => 0.0005,
    # The scale of how long a request took, in the upper half of the flags: below 16 microseconds, below 32, ...
    TOOK_STEP    => 16,
    MOST_TOOK    => 240,
    TOOK_SECONDS => 0.000_016,
};

# On a socket that is connected; `status` is this process's part of the status file. `make_list` makes of a list of keys what requests
# with these keys are given.
sub new {
    my ($class, $socket, $status, $make_list) = @_;
    return bless {
        socket        => $socket,
        status        => $status,
        start         => $status->starter,
        make_list     => $make_list,
        rest          => '',           # what was received and not read
        keys          => [],           # lists of keys, by their number
        pending       => [],           # requests that were received and not started
        out           => '',           # answers that have not left yet
        mail          => [],           # frames for the request that is running
        current       => 0,            # its id; 0 while there is none
        last_begun    => 0,
        sent_at       => 0,            # when something was sent or received
        marked_at     => 0,            # when a request was answered or received
        is_sent_early => 0,            # since the current request has begun
        owner         => $$,
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
        maxBatch => MAX_BATCH,
        watcher  => 'host',
        status   => $self->{status}->is_mapped ? 'mmap' : 'write',
        thread   => 'main',
    };
    $self->send(frame(HELLO, 0, '', encode_json_text($hello)));
    return;
}

# Receives what has come and sorts it; waits where nothing has. The end of the lane ends this process, as nobody wants anything of it any
# more.
sub receive {
    my ($self) = @_;
    # The length of a frame whose header is here: a long body comes in few reads.
    my $wanted = RECEIVE_BYTES;
    if (length $self->{rest} >= HEADER_BYTES) {
        my $missing = HEADER_BYTES + unpack('V', $self->{rest}) - length $self->{rest};
        $wanted = $missing if $missing > $wanted;
    }
    my $count = sysread($self->{socket}, $self->{rest}, $wanted, length $self->{rest});
    if (!$count) {
        die TSGI::Guest::LaneClosed->new if defined $count || !$!{EINTR};
        return;
    }
    # The time of a request goes on while it waits for its body.
    $self->{sent_at} = $self->{marked_at} = clock_gettime(MONOTONIC) if !$self->{current};
    $self->sort_frames;
    return;
}

# Sorts the frames that have arrived completely.
sub sort_frames {
    my ($self) = @_;
    my $data    = \$self->{rest};
    my $pending = $self->{pending};
    my ($position, $size) = (0, length $$data);
    while ($size - $position >= HEADER_BYTES) {
        my ($length, $id, $head, $type, $flags, $aux) = unpack 'VVVCCv', substr $$data, $position, HEADER_BYTES;
        my $start = $position + HEADER_BYTES;
        last if $size - $start < $length;
        $position = $start + $length;
        my $payload = substr $$data, $start, $length;
        if ($type == REQUEST) {
            # Looked up here and not when it is answered: by then the number may refer to another list.
            push @$pending, [ $id, $head, $payload, $flags, $flags & KEYED ? $self->{keys}[$aux] : $aux ];
        }
        elsif ($type == KEYS)            { $self->{keys}[$aux] = $self->{make_list}->(split /\0/, $payload, -1) }
        elsif ($id == $self->{current}) { push @{ $self->{mail} }, [ $type, $payload, $head, $flags, $aux ] }
    }
    if   ($position == $size) { $$data = '' }
    else                      { substr $$data, 0, $position, '' }
    return;
}

# The next request that is to be answered, as a list: id, bytes of its head, payload, flags, number of pairs or list of keys. It is then
# begun. Nothing where none has arrived completely.
sub next_request {
    my ($self) = @_;
    while (my $request = shift @{ $self->{pending} }) {
        my $id       = $request->[0];
        my $recalled = $self->{start}->($id);
        if (!$recalled || (($recalled - $id) & 0xffff_ffff) >= 0x8000_0000) {
            $self->{current} = $self->{last_begun} = $id;
            $self->{is_sent_early} = 0;
            return $request;
        }
        # TSGI had said so before we said that it is begun, or at that moment: then it waits for this.
        $self->{start}->($self->{last_begun});
        $self->give_back($id, $recalled);
    }
    return;
}

# Gives back all requests from one to another, without having started any.
sub give_back {
    my ($self, $id, $last) = @_;
    my @ids = $id;
    until ($ids[-1] == $last) {
        my $request = shift @{ $self->{pending} };
        if   ($request) { push @ids, $request->[0] }
        else            { $self->receive }
    }
    $self->send(frame(RETURNED, 0, '', pack 'V*', @ids), frame(FREE, 0, '', ''));
    return;
}

# Nothing of the request that was running is wanted any more.
sub finish {
    my ($self) = @_;
    $self->{current} = 0;
    $self->{mail}    = [] if @{ $self->{mail} };
    return;
}

# This process ends: the requests that it has not started are for another.
sub leave_requests {
    my ($self) = @_;
    my @ids = map { $_->[0] } @{ $self->{pending} };
    $self->{pending} = [];
    $self->send(@ids ? frame(RETURNED, 0, '', pack 'V*', @ids) : ());
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
    }
    return;
}

# A complete answer. It is kept back while the next request is here, and all of them are fast.
sub send_answer {
    my ($self, $head, $data, $code) = @_;
    my $now  = clock_gettime(MONOTONIC);
    my $took = ($now - $self->{marked_at}) / TOOK_SECONDS;
    $self->{marked_at} = $now;
    my $scale = TOOK_STEP;
    while ($took >= 1 && $scale < MOST_TOOK) { $took /= 2; $scale += TOOK_STEP }
    my $bytes = length $head;
    my $frame = pack('VVVCCv', $bytes + length $data, $self->{current}, $bytes, RESPONSE, END_FLAG | $scale, $code) . $head;
    if (length $data > JOINED_BYTES) { $self->send($frame, $data) }
    else {
        $frame .= $data;
        # What was kept before may be read while more is written, unless another request is begun in between.
        if (@{ $self->{pending} } && !$self->{is_sent_early} && $now - $self->{sent_at} <= PATIENCE_SECONDS && $$ == $self->{owner} && $self->{status}->keep($frame)) {
            $self->{out} .= $frame;
            return;
        }
        $self->send($frame);
    }
    $self->{sent_at} = $now;
    return;
}

# Sends bytes of whole frames, after what was kept back. Another process that the application has forked ends here: the lane is its
# parent's.
sub send {
    my ($self, @parts) = @_;
    if ($$ != $self->{owner}) {
        require POSIX;
        POSIX::_exit(0);
    }
    my $is_kept = $self->{out} ne '';
    if ($is_kept) {
        $parts[0] = @parts ? $self->{out} . $parts[0] : $self->{out};
        $self->{out} = '';
    }
    for my $data (@parts) {
        my ($start, $end) = (0, length $data);
        while ($start < $end) {
            my $sent = syswrite $self->{socket}, $data, $end - $start, $start;
            if (defined $sent) { $start += $sent }
            elsif (!$!{EINTR}) { die TSGI::Guest::LaneClosed->new }
        }
    }
    $self->{status}->forget if $is_kept;
    $self->{is_sent_early} = 1;
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
