import websocket
import json
ws_notify_url = ""
payload_dict = {
            "merchant_id": "merchant_id",
            "client": "backend",
            "project": "repo-name",
            "type": "report.Task",
            "ref": "12303",
            "status": "done",
            "message": "The report has been completed"
            }

payload = json.dumps(payload_dict)

ws = websocket.WebSocket()
ws.connect("ws_notify_url")

ws.send(payload)
ws.close()
