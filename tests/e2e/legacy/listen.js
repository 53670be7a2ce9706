const socket = new WebSocket('wss://10h4atbflh.execute-api.eu-west-1.amazonaws.com/dev/');

socket.addEventListener('message', function (event) {
    console.log('Message from server ', event.data);
    response = JSON.parse(event.data)

    if (response.type =='threeds_update') {
      //socket.send("Delete connection")
      socket.close();
      //do_something();
    }
});

//On next iteration
socket.addEventListener('open', function (event) {
    socket.send('{"merchant_id": "merchant_id", "client": "frontend", "project": "repo-name", "type": "report.Task", "ref": "12303", "status": "done", "message": "The report has been completed"}');
});
