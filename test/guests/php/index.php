<?php
// What a page of PHP does: sessions, uploads, cookies, PATH_INFO, streams, errors.
$path = $_SERVER['PATH_INFO'] ?? '';
switch ($_GET['do'] ?? '') {
    case 'session':
        session_start();
        $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
        header('Content-Type: text/plain');
        echo 'count ', $_SESSION['count'];
        break;
    case 'upload':
        $file = $_FILES['picture'] ?? null;
        header('Content-Type: application/json');
        echo json_encode([
            'name' => $file['name'] ?? null,
            'size' => $file['size'] ?? null,
            'sha' => $file ? sha1_file($file['tmp_name']) : null,
            'field' => $_POST['title'] ?? null,
        ]);
        break;
    case 'raw':
        $body = file_get_contents('php://input');
        header('Content-Type: text/plain');
        echo strlen($body), ' ', sha1($body), ' ', $_SERVER['CONTENT_LENGTH'] ?? 'none';
        break;
    case 'redirect':
        header('Location: /elsewhere');
        setcookie('seen', 'yes', ['httponly' => true]);
        break;
    case 'status':
        http_response_code((int) $_GET['code']);
        header('X-Two: a');
        header('X-Two: b', false);
        break;
    case 'stream':
        header('Content-Type: text/plain');
        for ($i = 0; $i < (int) $_GET['blocks']; $i++) {
            echo str_repeat(chr(97 + $i % 26), 65536);
            flush();
        }
        break;
    case 'error':
        error_log("first line of a message\nsecond \x1b[31mred");
        header('Content-Type: text/plain');
        echo 'logged';
        break;
    case 'fatal':
        does_not_exist();
    case 'length':
        header('Content-Length: ' . (int) $_GET['length']);
        echo 'abc';
        break;
    case 'auth':
        header('Content-Type: text/plain');
        echo ($_SERVER['PHP_AUTH_USER'] ?? 'nobody'), ':', ($_SERVER['PHP_AUTH_PW'] ?? '');
        break;
    case 'slow':
        sleep(30);
        break;
    default:
        header('Content-Type: application/json');
        $names = ['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'PATH_TRANSLATED', 'DOCUMENT_ROOT', 'REQUEST_URI', 'QUERY_STRING'];
        $more = ['PHP_SELF', 'REQUEST_METHOD', 'HTTPS', 'SERVER_NAME', 'SERVER_PORT', 'REMOTE_ADDR', 'HTTP_PROXY', 'REDIRECT_STATUS'];
        $seen = array_intersect_key($_SERVER, array_flip([...$names, ...$more]));
        ksort($seen);
        echo json_encode($seen, JSON_UNESCAPED_SLASHES), "\n";
}
