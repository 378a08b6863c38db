# Answers the requests of the lane, one after another. Source: PSGI 1.1 and PSGI::Extensions.
package TSGI::Guest::Server;
use strict;
use warnings;

use TSGI::Guest::Answer;
use TSGI::Guest::Input;
use TSGI::Guest::Wire;

use constant NEEDS_PREPARATION => BODY_FILE | BODY_STREAM | HAS_JSON;

# Serves an application, on a lane that it is given then. `take_over` opens a connection for the answer to the request with an id.
sub new {
    my ($class, %parts) = @_;
    return bless {
        lane        => undef,
        empty_input => handle_of(''),
        application => $parts{application},
        take_over   => $parts{take_over},
        base        => {
            'psgi.version'          => [ 1, 1 ],
            'psgi.url_scheme'       => 'http',
            'psgi.multithread'      => !!0,
            'psgi.multiprocess'     => !!$parts{is_multiprocess},
            'psgi.run_once'         => !!0,
            'psgi.nonblocking'      => !!0,
            'psgi.streaming'        => !!1,
            'psgix.input.buffered'  => !!1,
            'psgix.harakiri'        => !!1,
            'psgix.cleanup'         => !!1,
        },
        is_finished => 0,
    }, $class;
}

sub set_lane {
    my ($self, $lane) = @_;
    $self->{lane} = $lane;
    $self->{base}{'psgi.errors'} = TSGI::Guest::Handle->new('TSGI::Guest::Errors', $lane);
    return;
}

# What requests with these keys are given, as a list: how many they are, all keys of their environ by our names, and the values of those that
# are behind the input.
sub list_of {
    my ($self, @words) = @_;
    my @keys   = map { $_ eq 'wsgi.url_scheme' ? 'psgi.url_scheme' : $_ } @words;
    my %is_own = %{ $self->{base} };
    delete @is_own{@keys};
    my @own = sort keys %is_own;
    return [ scalar @keys, [ map { hashed($_) } @keys, 'psgi.input', @own ], [ @is_own{@own} ] ];
}

# A text as the key of a hash has it: Perl knows its hash already, and all hashes share its bytes.
sub hashed {
    my ($key) = @_;
    my ($shared) = keys %{ { $key => 1 } };
    return $shared;
}

# Answers one request that is begun: its id, the bytes of its head, its payload, flags, and number of pairs or list of keys.
sub answer {
    my ($self, $id, $head, $payload, $flags, $known) = @_;
    my $lane = $self->{lane};
    my ($answer, $environ, $io, $is_sent);
    my $is_done = eval {
        $environ = $self->environ($head, $payload, $flags, $known);
        $environ->{'psgix.informational'} = sub { return $is_sent || ($answer ||= TSGI::Guest::Answer->new($lane, $id))->inform(@_) } if $flags & HAS_HINTS;
        $io = $environ->{'psgix.io'} = $self->connection($id, \$answer) if $flags & HAS_UPGRADE && $self->{take_over};
        reset_variables() if !defined $/ || $/ ne "\n" || defined $\ || defined $,;
        my $response = $self->{application}->($environ);
        if ($answer && $answer->{is_taken_over} && ref $response ne 'CODE') { $answer->leave }
        elsif (ref $response eq 'ARRAY' && ref $response->[2] eq 'ARRAY' && defined(my $text = TSGI::Guest::Answer::head_of(@$response))) {
            my $data = TSGI::Guest::Answer::bytes_of($response->[2]);
            $is_sent = 1;
            $lane->send_answer($text, $data, $response->[0]);
        }
        else {
            $answer ||= TSGI::Guest::Answer->new($lane, $id);
            if   (ref $response eq 'ARRAY') { $answer->send_response($response) }
            else                            { delay($answer, $response) }
        }
        1;
    };
    if (!$is_done) {
        my $error = $@;
        $io->hang_up if $answer && $answer->{is_taken_over};
        $self->fail($is_sent || $answer && $answer->{is_over}, $error);
    }
    $self->clean_up($environ) if $environ && ($environ->{'psgix.harakiri.commit'} || !ref $environ->{'psgix.cleanup.handlers'} || @{ $environ->{'psgix.cleanup.handlers'} });
    $lane->finish;
    return;
}

# psgix.io of a request: a handle that takes its connection over when it is used.
sub connection {
    my ($self, $id, $answer) = @_;
    my $lane = $self->{lane};
    my $begin = sub {
        die "The connection cannot be taken over any more: the request is over\n" if $lane->{current} != $id;
        $$answer ||= TSGI::Guest::Answer->new($lane, $id);
        die "The connection cannot be taken over any more: the response has begun\n" if defined $$answer->{head};
        # What was kept back goes first.
        $lane->send;
        return $id;
    };
    return $self->{take_over}->($begin, sub { $$answer->{is_taken_over} = 1 });
}

# What the last application has left of Perl's own variables concerns no other request. To make them local costs more than to look.
sub reset_variables {
    $/ = "\n";
    $\ = undef;
    $, = undef;
    return;
}

# A response that comes later, or none.
sub delay {
    my ($answer, $response) = @_;
    if (ref $response eq 'CODE') {
        $response->(sub { return respond_later($answer, @_) });
        return $answer->leave if $answer->{is_taken_over};
        die "The application returned from its delayed response without an answer\n" if !defined $answer->{head};
        $answer->finish;
    }
    else {
        die 'The application returned ' . TSGI::Guest::Answer::named($response) . ", expected a list of status, headers and body\n";
    }
    return;
}

# What a delayed response is given: takes a response, or status and headers, and then returns where the body is written to.
sub respond_later {
    my ($answer, $response) = @_;
    if (@$response >= 3 && defined $response->[2]) {
        $answer->send_response($response);
        return;
    }
    $answer->set_head(@$response[ 0, 1 ]);
    return TSGI::Guest::Writer->new($answer);
}

# The environ of a request. Source: PSGI 1.1, "The Environment".
sub environ {
    my ($self, $head, $payload, $flags, $known) = @_;
    my $text = length $payload == $head ? $payload : substr $payload, 0, $head;
    my %environ;
    if ($flags & KEYED) {
        my ($count, $keys, $values) = @$known;
        die "A value of the environ holds a NUL\n" if ($text =~ tr/\0//) != $count;
        # A NUL ends the text, so there is one word more: it is where the input comes.
        @environ{@$keys} = (split(/\0/, $text, -1), @$values);
    }
    else {
        die "A value of the environ holds a NUL\n" if ($text =~ tr/\0//) != 2 * $known;
        my @words = split /\0/, $text, -1;
        pop @words;
        %environ = (%{ $self->{base} }, @words);
        my $scheme = delete $environ{'wsgi.url_scheme'};
        $environ{'psgi.url_scheme'} = $scheme if defined $scheme;
    }
    $environ{'psgix.cleanup.handlers'} = [];
    if   ($flags & (BODY_FILE | BODY_STREAM)) { $environ{'psgi.input'} = undef }
    elsif (length $payload > $head)           { $environ{'psgi.input'} = handle_of(substr $payload, $head) }
    else {
        # One serves all requests without a body, unless an application has closed it.
        my $input = $self->{empty_input};
        no warnings 'closed';
        $environ{'psgi.input'} = ref $input eq 'GLOB' && seek($input, 0, 0) ? $input : ($self->{empty_input} = handle_of(''));
    }
    $self->prepare(\%environ, $payload, $head, $flags) if $flags & NEEDS_PREPARATION;
    return \%environ;
}

sub handle_of {
    my ($body) = @_;
    open my $input, '<', \$body or die "Cannot read the body: $!\n";
    return $input;
}

# What only some requests have: a body that is elsewhere, values that are not strings.
sub prepare {
    my ($self, $environ, $payload, $head, $flags) = @_;
    if ($flags & HAS_JSON) {
        my $values = decode_json_text(delete $environ->{'tsgi.json'});
        delete $values->{'tsgi.shared'};
        $environ->{$_} = defined $values->{$_} ? $values->{$_} : '' for keys %$values;
    }
    if ($flags & BODY_FILE) {
        my $path = substr $payload, $head;
        open my $input, '<:raw', $path or die "Cannot open the body of the request: $!\n";
        $environ->{'psgi.input'} = $input;
    }
    elsif ($flags & BODY_STREAM) {
        $environ->{'psgi.input'}           = TSGI::Guest::Handle->new('TSGI::Guest::Input', $self->{lane});
        $environ->{'psgix.input.buffered'} = !!0;
    }
    return;
}

# Tells TSGI that a request went wrong, or the log if its answer was complete.
sub fail {
    my ($self, $is_over, $error) = @_;
    my $lane = $self->{lane};
    die $error if ref $error && ref $error eq 'TSGI::Guest::LaneClosed';
    my $is_gone = ref $error && ref $error eq 'TSGI::Guest::ClientGone';
    my $report  = $is_gone ? '' : report_of($error);
    if ($is_over) {
        $lane->log("The application failed after its answer was complete: $report");
        return;
    }
    my ($line) = $report =~ /\A([^\n]*)/;
    utf8::encode($_) for $line, $report;
    $lane->send_frame(FAIL, $line, $report, $is_gone ? END_FLAG | GONE : END_FLAG, 0);
    return;
}

# What an exception says, whatever it does when it is asked; both ends of a long one.
sub report_of {
    my ($error) = @_;
    my $text = eval { "$error" };
    $text = 'An exception of the class ' . ref($error) . ' that cannot be written' if !defined $text || $text eq '';
    $text = substr($text, 0, 32_768) . "\n[left out]\n" . substr($text, -32_768) if length $text > 65_536;
    return $text;
}

# Runs what the application wants to do after its answer.
sub clean_up {
    my ($self, $environ) = @_;
    reset_variables();
    my $handlers = $environ->{'psgix.cleanup.handlers'};
    for my $handler (ref $handlers eq 'ARRAY' ? @$handlers : ()) {
        eval { $handler->($environ); 1 } or $self->{lane}->log('A cleanup handler failed: ' . report_of($@));
    }
    $self->{is_finished} = 1 if $environ->{'psgix.harakiri.commit'};
    return;
}

1;
