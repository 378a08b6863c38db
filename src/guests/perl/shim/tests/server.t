use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use File::Temp ();
use Host;
use Test::More;
use TSGI::Guest::Wire;

# The environ that an application gets.
sub environ {
    my (%more) = @_;
    my $environ;
    answered(sub { $environ = {%{ $_[0] }}; [ 200, [], [] ] }, %more);
    return $environ;
}

my $environ = environ(environ => { REQUEST_METHOD => 'GET', PATH_INFO => "/caf\xc3\xa9 b", 'wsgi.url_scheme' => 'https' });
is_deeply [ @$environ{qw(REQUEST_METHOD PATH_INFO psgi.url_scheme)} ], [ 'GET', "/caf\xc3\xa9 b", 'https' ], 'what TSGI sends is there, the path decoded';
is_deeply [ map { !!$environ->{"psgi.$_"} } qw(multithread multiprocess run_once nonblocking streaming) ], [ !!0, !!1, !!0, !!0, !!1 ], 'and what PSGI wants';
is_deeply [ grep { /\Awsgi\./ } keys %$environ ], [], 'nothing of WSGI';

subtest 'values are filled into a list of keys' => sub {
    my @got;
    my $host = Host->new(sub { push @got, $_[0]; [ 200, [], [] ] });
    $host->say(KEYS, '', "A\0wsgi.url_scheme\0B", id => 0, aux => 3);
    for my $values ([ 1, 'https', '' ], [ 2, 'http', 'x' ]) {
        $host->say(REQUEST, join('', map { "$_\0" } @$values), '', flags => KEYED, aux => 3);
        $host->serve;
    }
    is_deeply [ map { [ @$_{qw(A psgi.url_scheme B)} ] } @got ], [ [ 1, 'https', '' ], [ 2, 'http', 'x' ] ];
    isnt $got[0]{'psgix.cleanup.handlers'}, $got[1]{'psgix.cleanup.handlers'}, 'lists are new for each request';
};

for my $case ([ 'as a pair' => "A\0001\0REMOTE_USER\0root\0", 0, 1 ], [ 'in a list' => "1\0x\0y\0", KEYED, 0 ], [ 'too few' => "1\0", KEYED, 0 ]) {
    my ($what, $head, $flags, $aux) = @$case;
    my $host = Host->new(sub { fail 'it was called'; [ 200, [], [] ] });
    $host->say(KEYS, '', "A\0B", id => 0, aux => 0);
    $host->say(REQUEST, $head, '', flags => $flags, aux => $aux);
    $host->serve;
    is +($host->frames)[0]{head}, 'A value of the environ holds a NUL', "a value with a NUL never becomes a key, $what";
}

my $json = '{"user.roles":["admin",1],"user.none":null,"tsgi.shared":{"x":["session",""]}}';
$environ = environ(environ => { 'tsgi.json' => $json }, flags => HAS_JSON);
is_deeply [ @$environ{qw(user.roles user.none)} ], [ [ 'admin', 1 ], '' ], 'values of other types come as JSON';
is_deeply [ grep { /\Atsgi\./ } keys %$environ ], [], 'without what is for others';

subtest 'a body can be read again, and none is empty' => sub {
    my @got;
    my $read = sub { my $input = $_[0]{'psgi.input'}; push @got, do { local $/ = undef; <$input> }; seek $input, 0, 0; push @got, scalar <$input>; close $input; [ 200, [], [] ] };
    answered($read, body => "one\ntwo");
    is_deeply \@got, [ "one\ntwo", "one\n" ];
    my @warnings;
    local $SIG{__WARN__} = sub { push @warnings, @_ };
    my $host = Host->new(sub { my $input = $_[0]{'psgi.input'}; my $count = read $input, my ($piece), 9; close $input; [ 200, [], [$count] ] });
    for (1, 2) { $host->request({}); $host->serve }
    is_deeply [ map { $_->{body} } $host->frames ], [ 0, 0 ], 'also when the last application has closed it';
    is_deeply \@warnings, [], 'without a word';
};

my $file = File::Temp->new;
print $file "a\r\n\xff";
close $file;
is_deeply [ map { $_->{body} } answered(sub { local $/ = undef; my $input = $_[0]{'psgi.input'}; [ 200, [], [ scalar <$input> ] ] }, body => $file->filename, flags => BODY_FILE) ],
    ["a\r\n\xff"], 'a body in a file is read in binary';

# Failures.
my ($frame) = answered(sub { die "of the tr\x{e4}ge path\nand more\n" });
is_deeply [ @$frame{qw(type flags head body)} ], [ FAIL, END_FLAG, "of the tr\xc3\xa4ge path", "of the tr\xc3\xa4ge path\nand more\n" ], 'an exception is one line and a report';
{
    package Silent;
    use overload '""' => sub { die "again\n" };
}
is failure(sub { die bless {}, 'Silent' }), 'An exception of the class Silent that cannot be written', 'an exception that cannot be written is named';
cmp_ok length failure(sub { die 'x' x 2_000_000 }), '<', 100_000, 'a line has a limit, because it is a head';
like failure(sub { $_[0] = undef; 42 }), qr/expected a list of status, headers and body/, 'what is no response is refused';
like failure(sub { {} }), qr/expected a list of status, headers and body/, 'also of another kind';

my @frames = answered(sub { sub { $_[0]->([ 200, [], ['x'] ]); die "late\n" } });
is_deeply types(@frames), [ RESPONSE, LOG ], 'a failure behind the answer is in the log';

# Afterwards.
subtest 'cleanup handlers run behind an answer and a failure, also behind one that dies' => sub {
    for my $end (sub { [ 200, [], [] ] }, sub { die "on purpose\n" }) {
        my @ran;
        my @sent = answered(sub {
            my ($env) = @_;
            push @{ $env->{'psgix.cleanup.handlers'} }, sub { push @ran, 'first' }, sub { die "in between\n" }, sub { push @ran, $_[0] == $env };
            $end->();
        });
        is_deeply \@ran, [ 'first', 1 ];
        like $sent[-1]{body}, qr/\AA cleanup handler failed: in between/;
    }
};

subtest 'what it changes of Perl\'s own variables concerns no other request' => sub {
    my @seen;
    my $host = Host->new(sub { push @seen, [ $/, $\, $, ]; ($/, $\, $,) = ('x', 'y', 'z'); [ 200, [], [] ] });
    for (1, 2) { $host->request({}); $host->serve }
    is_deeply \@seen, [ [ "\n", undef, undef ], [ "\n", undef, undef ] ];
};

my $host = Host->new(sub { $_[0]{'psgix.harakiri.commit'} = 1; [ 200, [], [] ] });
$host->request({});
$host->serve;
ok $host->{server}{is_finished}, 'an application may end its process';

done_testing;
