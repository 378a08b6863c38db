import cherrypy


class Root:
    @cherrypy.expose
    def index(self):
        return "cherrypy"


cherrypy.config.update({"server.socket_port": 8045, "server.socket_host": "127.0.0.1"})
cherrypy.quickstart(Root())
