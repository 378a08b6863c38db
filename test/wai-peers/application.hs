{-# LANGUAGE OverloadedStrings #-}
-- A WAI application for tests: without arguments a CGI program, with a port a server of warp.
module Main (main) where

import Control.Concurrent (threadDelay)
import Control.Monad (forM_, unless)
import Data.ByteString (ByteString)
import qualified Data.ByteString as Bytes
import qualified Data.ByteString.Builder as Builder
import qualified Data.ByteString.Char8 as Text
import qualified Data.ByteString.Lazy as Lazy
import Data.CaseInsensitive (original)
import Network.HTTP.Types (Header, mkStatus, status200, status204, status302, status404)
import Network.Wai
import qualified Network.Wai.Handler.CGI as CGI
import Network.Wai.Handler.Warp (defaultSettings, runSettings, setHost, setPort)
import System.Directory (doesFileExist)
import System.Environment (getArgs, lookupEnv)
import System.IO (BufferMode (NoBuffering), hSetBuffering, stdout)

main :: IO ()
main = do
  arguments <- getArgs
  case arguments of
    [port] -> runSettings (setHost "127.0.0.1" (setPort (read port) defaultSettings)) application
    -- A stream leaves piece by piece: `flush` does nothing here.
    _ -> hSetBuffering stdout NoBuffering >> CGI.run application

plain :: Header
plain = ("Content-Type", "text/plain")

application :: Application
application request respond = case Text.split '/' (rawPathInfo request) of
  (_ : "shown" : _) -> do
    mount <- lookupEnv "SCRIPT_NAME"
    respond (responseLBS status200 [plain] (Lazy.fromStrict (shown mount request)))
  [_, "echo"] -> do
    body <- strictRequestBody request
    respond (responseLBS status200 [("Content-Type", "application/octet-stream")] body)
  [_, "length"] -> case requestBodyLength request of
    KnownLength size -> respond (responseLBS status200 [plain] (Builder.toLazyByteString (Builder.word64Dec size)))
    ChunkedBody -> respond (responseLBS status200 [plain] "chunked")
  [_, "fields"] ->
    respond (responseLBS (mkStatus 418 "Tea Only") [plain, ("X-Twice", "1"), ("Set-Cookie", "a=1"), ("X-Twice", "2"), ("Set-Cookie", "b=2")] "tea")
  [_, "empty"] -> respond (responseLBS status204 [] "")
  [_, "elsewhere"] -> respond (responseLBS status302 [("Location", "https://example.org/")] "")
  [_, "large"] -> respond (responseStream status200 [plain] (\write _ -> forM_ [1 .. 5000 :: Int] (write . line)))
  -- Head, then nothing until a file is there.
  [_, "events"] -> respond (responseStream status200 [("Content-Type", "text/event-stream")] events)
  [_, "file"] -> do
    Just path <- lookupEnv "SHOWN_FILE"
    respond (responseFile status200 [plain] path Nothing)
  [_, "error"] -> ioError (userError "secret words")
  [_, "late-error"] ->
    respond (responseStream status200 [plain] (\write flush -> write "begun" >> flush >> ioError (userError "secret words")))
  _ -> respond (responseLBS status404 [plain] "Nothing here")

events :: (Builder.Builder -> IO ()) -> IO () -> IO ()
events write flush = do
  flush
  Just path <- lookupEnv "RELEASE"
  wait path
  forM_ ["one", "two"] (\event -> write ("data: " <> Builder.byteString event <> "\n\n") >> flush)
  where
    wait path = doesFileExist path >>= \isThere -> unless isThere (threadDelay 10000 >> wait path)

line :: Int -> Builder.Builder
line number = Builder.intDec number <> " " <> Builder.byteString (Bytes.replicate 1000 120) <> "\n"

-- | What the application was told, one thing on a line.
shown :: Maybe String -> Request -> ByteString
shown mount request =
  Text.unlines
    ( [ requestMethod request,
        rawPathInfo request,
        Text.pack (show (pathInfo request)),
        rawQueryString request,
        Text.pack (show (queryString request)),
        maybe "" Text.pack mount,
        Text.pack (show (isSecure request))
      ]
        <> [original name <> ": " <> value | (name, value) <- requestHeaders request]
    )
