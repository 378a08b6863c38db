use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use Host;
use Test::More;
use TSGI::Guest::Inner;
use TSGI::Guest::Wire;

# What a filter makes of these frames from TSGI. They are sent when it has been called.
sub filtered {
    my ($said, %more) = @_;
    my $inner = TSGI::Guest::Inner->new;
    my $application = $inner->application;
    my $host;
    return answered(
        sub {
            my ($env) = @_;
            $inner->set_lane($host->{lane});
            for my $frame (@$said) {
                my ($type, $head, $body, $flags) = @$frame;
                $host->say($type, $head, $body, flags => $flags, aux => 1);
            }
            return $more{filter} ? $more{filter}->($application, $env) : $application->($env);
        },
        %more,
        prepare => sub { $host = $_[0] },
    );
}

my $end = [ ANSWER, '200 OK', '', END_FLAG ];
my ($call, $answer) = filtered([ [ ANSWER, "404 Not Found\0X-A\0001\0X-A\0002", 'none', END_FLAG ] ]);
is_deeply [ $call->{type}, @$answer{qw(type head body)} ], [ CALL, RESPONSE, "404 Not Found\0X-A\0001\0X-A\0002", 'none' ], 'a whole answer passes';

subtest 'the call carries the environ as WSGI has it' => sub {
    my ($sent) = filtered([$end], filter => sub {
        my ($application, $env) = @_;
        return $application->({ %$env, PATH_INFO => "/caf\xc3\xa9", 'user.id' => 7, 'user.roles' => [ "\x{20ac}", undef ], 'of.perl' => sub { }, gone => undef, 'x.nul' => "a\0b" });
    });
    my @words = split /\0/, $sent->{body}, -1;
    pop @words;
    my %environ = @words;
    is unpack('V', $sent->{head}), @words / 2;
    is_deeply [ @environ{qw(PATH_INFO user.id wsgi.url_scheme)} ], [ "/caf\xc3\xa9", 7, 'http' ];
    is_deeply decode_json_text($environ{'tsgi.json'}), { 'user.roles' => [ "\x{20ac}", undef ], 'x.nul' => "a\0b" };
    unlike $environ{'tsgi.json'}, qr/[^\x20-\x7e]/, 'in ASCII';
    is_deeply [ grep { /\A(?:psgix?\.|of|gone)/ } keys %environ ], [];
    is $sent->{flags}, HAS_JSON;
};

my @frames = filtered([ [ ANSWER, '200 OK', 'a' ], [ PIECE, '', 'b' ], [ PIECE, '', '', END_FLAG ] ]);
is_deeply types(@frames), [ CALL, RESPONSE, PULL, CHUNK, PULL, CHUNK ], 'a body is pulled piece by piece';
is join('', map { $_->{type} == RESPONSE || $_->{type} == CHUNK ? $_->{body} : '' } @frames), 'ab', 'and passes';

is_deeply types(filtered([ [ ANSWER, '200 OK', 'a' ] ], filter => sub { $_[0]->($_[1])->[2]->close; [ 200, [], ['own'] ] })), [ CALL, DROP, RESPONSE ],
    'a body that the filter does not want is dropped';

my $ask = [ ASK, '', pack 'V', 4 ];
my @given = grep { $_->{type} == GIVE } filtered([ $ask, $ask, $ask, $end ], body => 'abcdef');
is_deeply [ map { [ $_->{body}, $_->{flags} ] } @given ], [ [ 'abcd', 0 ], [ 'ef', 0 ], [ '', END_FLAG ] ], 'the application reads what the filter gives it';

@frames = filtered([ [ FAILED, '', "on purpose, tr\xc3\xa4ge" ] ]);
is $frames[-1]{head}, "The application behind the filter failed: on purpose, tr\xc3\xa4ge", 'a failure of the application is one of the filter\'s';

like +(filtered([], filter => sub { $_[0]->({ x => 'x' x MAX_FRAME_BYTES }) }))[-1]{head}, qr/expected at most 16777216/, 'what does not fit into a frame is refused';

my $idle = TSGI::Guest::Inner->new->application;
ok !eval { $idle->({}); 1 }, 'it cannot be called between requests';

done_testing;
