# The application behind a Perl filter, which runs in TSGI: it is called over the lane. Loaded where there is one.
# Source: docs/lane-protocol.md, "Inner applications".
package TSGI::Guest::Inner;
use strict;
use warnings;

use TSGI::Guest::Wire;

sub new {
    my ($class) = @_;
    return bless { lane => undef, calls => 0 }, $class;
}

sub set_lane {
    my ($self, $lane) = @_;
    $self->{lane} = $lane;
    return;
}

# As a PSGI application.
sub application {
    my ($self) = @_;
    return sub {
        my ($environ) = @_;
        my $lane = $self->{lane};
        die "The inner application can be called only while a request is answered\n" if !$lane || !$lane->{current};
        $self->{calls} = $self->{calls} % 65_535 + 1;
        my $call = bless { lane => $lane, id => $lane->{current}, number => $self->{calls}, input => $environ->{'psgi.input'}, is_over => 0 },
            'TSGI::Guest::InnerCall';
        return $call->begin($environ);
    };
}

# The environ as text: its bytes, number of pairs, and whether it has values that are not strings.
sub encode_environ {
    my ($environ) = @_;
    my (@words, %others);
    for my $key (keys %$environ) {
        my $value = $environ->{$key};
        next if !defined $value || $key =~ /\Apsgix?\./;
        if (ref $value) {
            my $is_json = eval { encode_json_text($value); 1 };
            $others{$key} = $value if $is_json;
            next;
        }
        my ($name, $text) = ($key, "$value");
        if ($text =~ /\0/ || !utf8::downgrade($text, 1) || !utf8::downgrade($name, 1)) { $others{$key} = "$value" }
        else                                                                          { push @words, $name, $text }
    }
    push @words, 'wsgi.url_scheme', $environ->{'psgi.url_scheme'} if defined $environ->{'psgi.url_scheme'};
    # JSON in ASCII, because the text is latin-1.
    push @words, 'tsgi.json', JSON::PP->new->ascii->encode(\%others) if %others;
    return (join("\0", @words, ''), @words / 2, !!%others);
}

package TSGI::Guest::InnerCall;

# One call of the inner application, and its body: pulled piece by piece, so that its back-pressure is ours.
use TSGI::Guest::Wire;

# Calls the application. Returns its response.
sub begin {
    my ($self, $environ) = @_;
    my ($text, $pairs, $has_json) = TSGI::Guest::Inner::encode_environ($environ);
    $self->send(CALL, pack('V', $pairs), $text, $has_json ? HAS_JSON : 0);
    my ($payload, $head) = $self->wait_for_answer(ANSWER);
    my ($status, @headers) = split /\0/, substr($payload, 0, $head), -1;
    my ($code) = $status =~ /\A([0-9]{3})/ or die "The inner application answered with the status '$status'\n";
    $self->{first} = substr $payload, $head;
    return [ $code, \@headers, [ $self->{first} ] ] if $self->{is_over};
    return [ $code, \@headers, $self ];
}

sub send {
    my ($self, $type, $head, $body, $flags) = @_;
    die "The inner application belongs to a request that is over\n" if $self->{lane}{current} != $self->{id};
    my $bytes = length($head) + length $body;
    die "$bytes bytes for the inner application, expected at most ${\ MAX_FRAME_BYTES}\n" if $bytes > MAX_FRAME_BYTES;
    $self->{lane}->send_frame($type, $head, $body, $flags, $self->{number});
    return;
}

# The next frame of the answer. Meanwhile the inner application gets what it asks of the request's body.
sub wait_for_answer {
    my ($self, $wanted) = @_;
    while (1) {
        my ($type, $payload, $head, $flags) = $self->{lane}->wait_for($self->{number}, $wanted, ASK, FAILED, REFRESH);
        if ($type == $wanted) {
            $self->{is_over} = 1 if $flags & END_FLAG;
            return ($payload, $head);
        }
        if ($type == FAILED) {
            $self->{is_over} = 1;
            utf8::decode($payload);
            die "The application behind the filter failed: $payload\n";
        }
        $self->give(unpack 'V', $payload) if $type == ASK;
    }
    return;
}

sub give {
    my ($self, $wanted) = @_;
    my $piece = '';
    if (my $input = $self->{input}) {
        my $count = $input->read($piece, $wanted > PIECE_BYTES ? PIECE_BYTES : $wanted);
        die "psgi.input cannot be read: $!\n" if !defined $count;
    }
    $self->send(GIVE, '', $piece, $piece eq '' ? END_FLAG : 0);
    return;
}

# As a body: the next piece, or undef at the end.
sub getline {
    my ($self) = @_;
    my $piece = delete $self->{first};
    while (!defined $piece || $piece eq '') {
        return if $self->{is_over};
        $self->send(PULL, '', '', 0);
        ($piece) = $self->wait_for_answer(PIECE);
    }
    return $piece;
}

sub close {
    my ($self) = @_;
    return if $self->{is_over};
    $self->{is_over} = 1;
    # TSGI has let it go with the answer, if that is complete.
    $self->send(DROP, '', '', 0) if $self->{lane}{current} == $self->{id};
    return;
}

1;
