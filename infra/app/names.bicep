// The names in storage. A test compares them with the code.
// The app creates its tables, queues and containers at every start, too, because storage on a developer's machine has
// no deployment. Queues must exist before that: Flex Consumption scales a queue's function by the queue's length, and
// the host's listener never creates its queue. Containers get their access and lifecycle rules here. Tables are listed
// so that the templates name everything that is stored, and what-if shows it.

@export()
var tables = ['Conversations', 'Due', 'Keys', 'Schedule', 'Tenants']

@export()
var queues = ['callbacks', 'exports', 'follow-ups', 'replies']

@export()
@description('The host moves a message to this queue after maxDequeueCount attempts (host.json).')
var poisonQueues = map(queues, queue => '${queue}-poison')

@export()
var filesContainer = 'files'

@export()
var exportsContainer = 'exports'

@export()
@description('The platform reads the app from here when it starts an instance.')
var deploymentContainer = 'deployment'
