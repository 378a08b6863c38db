# The answer to one request, from what a PSGI application returns. Source: PSGI 1.1, "The Response".
package TSGI::Guest::Answer;
use strict;
use warnings;

use Scalar::Util qw(blessed openhandle);
use TSGI::Guest::Wire;

use constant BLOCK_BYTES => 65_536;

my %REASONS = (
    100 => 'Continue', 101 => 'Switching Protocols', 102 => 'Processing', 103 => 'Early Hints',
    200 => 'OK', 201 => 'Created', 202 => 'Accepted', 203 => 'Non-Authoritative Information', 204 => 'No Content',
    205 => 'Reset Content', 206 => 'Partial Content', 207 => 'Multi-Status',
    300 => 'Multiple Choices', 301 => 'Moved Permanently', 302 => 'Found', 303 => 'See Other', 304 => 'Not Modified',
    307 => 'Temporary Redirect', 308 => 'Permanent Redirect',
    400 => 'Bad Request', 401 => 'Unauthorized', 402 => 'Payment Required', 403 => 'Forbidden', 404 => 'Not Found',
    405 => 'Method Not Allowed', 406 => 'Not Acceptable', 407 => 'Proxy Authentication Required', 408 => 'Request Timeout',
    409 => 'Conflict', 410 => 'Gone', 411 => 'Length Required', 412 => 'Precondition Failed', 413 => 'Content Too Large',
    414 => 'URI Too Long', 415 => 'Unsupported Media Type', 416 => 'Range Not Satisfiable', 417 => 'Expectation Failed',
    418 => q{I'm a teapot}, 421 => 'Misdirected Request', 422 => 'Unprocessable Content', 423 => 'Locked',
    424 => 'Failed Dependency', 425 => 'Too Early', 426 => 'Upgrade Required', 428 => 'Precondition Required',
    429 => 'Too Many Requests', 431 => 'Request Header Fields Too Large', 451 => 'Unavailable For Legal Reasons',
    500 => 'Internal Server Error', 501 => 'Not Implemented', 502 => 'Bad Gateway', 503 => 'Service Unavailable',
    504 => 'Gateway Timeout', 505 => 'HTTP Version Not Supported', 507 => 'Insufficient Storage', 511 => 'Network Authentication Required',
);
my %LINES = map { $_ => "$_ $REASONS{$_}" } keys %REASONS;

# Of a connection, which is TSGI's. Source: RFC 9110, section 7.6.1.
my %IS_HOP_BY_HOP = map { $_ => 1 } qw(connection keep-alive proxy-connection te trailer transfer-encoding upgrade);
my $HOP_BY_HOP = join '|', keys %IS_HOP_BY_HOP;
$HOP_BY_HOP = qr/\0(?:$HOP_BY_HOP)\0/i;

# Of a request that the lane is at, by its id. What it does not have yet (`head`, `code`, `is_begun`, `is_over`, `is_taken_over`) it gets when it has.
sub new {
    my ($class, $lane, $id) = @_;
    return bless { lane => $lane, id => $id }, $class;
}

# Status and headers as one text of bytes; nothing where one of the headers is the connection's.
sub head_of {
    my ($status, $headers) = @_;
    my $line = defined $status ? $LINES{$status} : undef;
    if (!defined $line) {
        die 'The status is ' . named($status) . ", expected a whole number from 100 to 599\n" if !defined $status || $status !~ /\A[1-5][0-9][0-9]\z/;
        $line = "$status Unknown";
    }
    die 'The headers are ' . named($headers) . ", expected a list of names and values\n" if ref $headers ne 'ARRAY' || @$headers % 2;
    # A value that is not there is an empty one.
    no warnings 'uninitialized';
    my $head = join "\0", $line, @$headers;
    return if $head =~ $HOP_BY_HOP && grep { $_ % 2 == 0 && $IS_HOP_BY_HOP{ lc $headers->[$_] } } 0 .. $#{$headers};
    # TSGI checks names and values; a NUL in one of them would become another one.
    die "A header holds a NUL\n" if ($head =~ tr/\0//) != @$headers;
    utf8::downgrade($head, 1) or die "A header holds characters above 255, expected bytes\n";
    die 'The headers have ' . length($head) . ' bytes, expected at most ' . MAX_HEAD_BYTES . "\n" if length $head > MAX_HEAD_BYTES;
    return $head;
}

# The bytes of a body that is a list.
sub bytes_of {
    my ($body) = @_;
    my $data = @$body == 1 ? $body->[0] : join '', map { defined $_ ? $_ : '' } @$body;
    return '' if !defined $data;
    utf8::downgrade($data, 1) or die "Wide character in the body, expected bytes: encode the text first\n";
    return $data;
}

# Sends a complete response: a list of status, headers and body.
sub send_response {
    my ($self, $response) = @_;
    my ($status, $headers, $body) = @$response;
    $self->set_head($status, $headers);
    return $self->send_whole(bytes_of($body)) if ref $body eq 'ARRAY';
    return $self->send_handle($body) if is_handle($body);
    die 'The application returned the body ' . named($body) . ", expected a list of strings or a handle\n";
}

# Keeps status and headers until the first bytes of the body leave with them.
sub set_head {
    my ($self, $status, $headers) = @_;
    die "The application answered twice\n" if defined $self->{head};
    die "The application has taken the connection over, and answers there\n" if $self->{is_taken_over};
    my $head = head_of($status, $headers);
    $head = head_of($status, $self->without_connection($headers)) if !defined $head;
    $self->{head} = $head;
    $self->{code} = $status;
    return;
}

# The headers without those of a connection. The body of an application that has chunked it itself is taken out of its chunks again: TSGI
# decides how it is framed.
sub without_connection {
    my ($self, $headers) = @_;
    my @kept;
    for my $index (map { 2 * $_ } 0 .. $#{$headers} / 2) {
        my ($name, $value) = @$headers[ $index, $index + 1 ];
        if (!$IS_HOP_BY_HOP{ lc $name }) { push @kept, $name, $value }
        elsif (lc $name eq 'transfer-encoding' && lc $value eq 'chunked') { $self->{chunks} = '' }
    }
    return \@kept;
}

# The bytes in the chunks that have come. Source: RFC 9112, section 7.1.
sub unchunked {
    my ($self, $data) = @_;
    $self->{chunks} .= $data;
    my $bytes = '';
    while ($self->{chunks} =~ /\A([0-9A-Fa-f]{1,8})[^\r\n]*\r\n/) {
        my ($start, $size) = ($+[0], hex $1);
        last if $size == 0 || length $self->{chunks} < $start + $size + 2;
        $bytes .= substr $self->{chunks}, $start, $size;
        substr $self->{chunks}, 0, $start + $size + 2, '';
    }
    return $bytes;
}

# The whole body at once.
sub send_whole {
    my ($self, $data) = @_;
    $data = $self->unchunked($data) if defined $self->{chunks};
    utf8::downgrade($data, 1) or die "Wide character in the body, expected bytes: encode the text first\n";
    $self->{is_begun} = $self->{is_over} = 1;
    $self->{lane}->send_answer($self->{head}, $data, $self->{code});
    return;
}

# Some bytes of the body.
sub write {
    my ($self, $data) = @_;
    die "The application wrote after the end of its answer\n" if $self->{is_over} || $self->{lane}{current} != $self->{id};
    return if !defined $data || $data eq '';
    if (defined $self->{chunks}) {
        $data = $self->unchunked($data);
        return if $data eq '';
    }
    utf8::downgrade($data, 1) or die "Wide character in the body, expected bytes: encode the text first\n";
    my $lane = $self->{lane};
    die TSGI::Guest::ClientGone->new if $self->{is_begun} && $lane->{status}->is_unwanted($self->{id});
    if ($self->{is_begun}) { $lane->send_frame(CHUNK, '', $data, 0, 0) }
    else {
        $self->{is_begun} = 1;
        $lane->send_frame(RESPONSE, $self->{head}, $data, 0, $self->{code});
    }
    return;
}

# The application answers on a connection of its own; its function has returned.
sub leave {
    my ($self) = @_;
    $self->{is_over} = 1;
    $self->{lane}->send_frame(CHUNK, '', '', END_FLAG, 0);
    return;
}

# Status and headers, before there is any of the body.
sub send_head {
    my ($self) = @_;
    return if $self->{is_begun};
    $self->{is_begun} = 1;
    $self->{lane}->send_frame(RESPONSE, $self->{head}, '', 0, $self->{code});
    return;
}

# The end of a body that was written piece by piece.
sub finish {
    my ($self) = @_;
    return if $self->{is_over};
    return $self->send_whole('') if !$self->{is_begun};
    $self->{is_over} = 1;
    $self->{lane}->send_frame(CHUNK, '', '', END_FLAG, 0);
    return;
}

# A body that is read block by block. Its `close` is called once, whatever happens.
sub send_handle {
    my ($self, $body) = @_;
    my $is_sent = eval {
        $self->offer_file($body) or $self->send_blocks($body);
        1;
    };
    my $error = $@;
    my $is_closed = eval { close_handle($body); 1 };
    die $error if !$is_sent;
    $self->{lane}->log("The body's close failed: $@") if !$is_closed;
    return;
}

sub send_blocks {
    my ($self, $body) = @_;
    local $/ = \(BLOCK_BYTES);
    if (blessed $body && $body->can('getline')) {
        while (defined(my $block = $body->getline)) { $self->write($block) }
    }
    else {
        while (defined(my $block = readline $body)) { $self->write($block) }
    }
    $self->finish;
    return;
}

# Lets TSGI send a regular file from its descriptor; false where it cannot, or where a layer of the handle changes the bytes.
sub offer_file {
    my ($self, $body) = @_;
    return 0 if $self->{code} < 200 || $self->{code} == 204 || $self->{code} == 304;
    my $handle = openhandle $body;
    return 0 if defined $self->{chunks};
    return 0 if !defined $handle || tied *$handle;
    my $descriptor = fileno $handle;
    return 0 if !defined $descriptor || $descriptor < 0 || grep { !/\A(?:unix|perlio)\z/ } PerlIO::get_layers($handle);
    my $name = "/proc/$$/fd/$descriptor";
    my ($device, $inode, $size) = (stat $handle)[ 0, 1, 7 ];
    my $position = tell $handle;
    return 0 if !-f _ || $position < 0 || !-e $name;
    my $length = $size > $position ? $size - $position : 0;
    my ($announced) = $self->{head} =~ /\0content-length\0([0-9]+)(?:\0|\z)/i;
    $length = $announced if defined $announced && $announced < $length;
    my $lane = $self->{lane};
    $lane->send_frame(FILE, $self->{head}, pack('Q<4', $position, $length, $device, $inode) . $name, 0, $self->{code});
    my (undef, undef, undef, $flags) = $lane->wait_for(0, TAKEN);
    return 0 if !($flags & END_FLAG);
    $self->{is_begun} = 1;
    $self->finish;
    return 1;
}

# Asks for a 103 with these headers. They come too late once the answer has begun.
sub inform {
    my ($self, $status, $headers) = @_;
    return if $status != 103 || !@$headers || defined $self->{head} || $self->{is_over} || $self->{lane}{current} != $self->{id};
    my $text = join "\0", @$headers;
    die "An early hint holds a NUL\n" if ($text =~ tr/\0//) != $#{$headers};
    die "An early hint holds a character that no header may hold\n" if $text =~ /[^\0\t\x20-\x7e\x80-\xff]/;
    utf8::downgrade($text);
    $self->{lane}->send_frame(HINTS, '', $text, 0, 0);
    return;
}

# Whether something can be read like a handle.
sub is_handle {
    my ($body) = @_;
    return 1 if defined $body && defined openhandle $body;
    return defined blessed $body && $body->can('getline');
}

sub close_handle {
    my ($body) = @_;
    if   (defined blessed $body && $body->can('close')) { $body->close }
    else                                                { close $body }
    return;
}

# A value as a message shows it.
sub named {
    my ($value) = @_;
    return 'undef' if !defined $value;
    my $text = "$value";
    return length $text > 80 ? "'" . substr($text, 0, 80) . "...'" : "'$text'";
}

package TSGI::Guest::Writer;

# What a delayed response writes to. The client is told before there is any of the body, as in Starman: an EventSource waits for it.
sub new {
    my ($class, $answer) = @_;
    $answer->send_head;
    return bless { answer => $answer }, $class;
}

sub write {
    my ($self, $data) = @_;
    $self->{answer}->write($data);
    return;
}

sub close {
    my ($self) = @_;
    $self->{answer}->finish;
    return;
}

1;
