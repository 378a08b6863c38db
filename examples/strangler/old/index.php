<?php
// The site as it always was: it counts visits in a session, and has its pages behind index.php.
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
$page = trim($_SERVER['PATH_INFO'] ?? '', '/') ?: 'home';
?>
<!doctype html>
<title><?= htmlspecialchars($page) ?></title>
<p>This is <?= htmlspecialchars($page) ?>, visit <?= $_SESSION['visits'] ?>.</p>
<p><a href="/index.php/about">About</a> <a href="/account/">Your account</a></p>
