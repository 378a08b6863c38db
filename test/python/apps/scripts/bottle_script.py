from bottle import route, run


@route("/")
def index():
    return "bottle"


run(host="127.0.0.1", port=8043, reloader=True)
