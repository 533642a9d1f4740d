using System.Net.Http.Headers;

namespace Parley.Tests.Compatibility;

// Conversations, their messages, threads and tickets.
internal sealed partial class OperationCalls
{
    private async Task ConversationsAsync()
    {
        var body = new
        {
            title = "Order 17",
            channel = "whatsApp",
            address = "+372 556",
            first_name = "Ida",
            last_name = "Iva",
            metadata = new { order = 17 },
        };
        chat = await first.CallAsync(201, "POST v1/conversations", body, ("Idempotency-Key", "a conversation's key"));
        await first.CallAsync(201, "POST v1/conversations", body, ("Idempotency-Key", "a conversation's key"));
        await first.CallAsync(422, "POST v1/conversations",
            new { title = "Another" }, ("Idempotency-Key", "a conversation's key"));
        await first.CallAsync(201, "POST v1/conversations",
            new { webChat = Unknown, contact = customer["id"], chatbot = 2 });
        await first.CallAsync(201, "POST v1/conversations", new { });
        await first.CallAsync(422, "POST v1/conversations",
            new { title = new string('t', 251), channel = "", webChat = "x", contact = 999, metadata = 1 });
        await first.CallAsync(422, "POST v1/conversations", new { contact = 999 });
        foreach (var text in new[] { "", "[]", """{"a": 1, "a": 2}""" })
        {
            await first.CallAsync(400, "POST v1/conversations", JsonText(text));
        }

        await first.CallAsync(422, "POST v1/conversations", JsonText("""{"title": "\ud800"}"""));

        await first.CallAsync(404, "POST v1/conversations", new { chatbot = 999 });
        await first.CallAsync(200, "GET v1/conversations");
        await first.CallAsync(200, "GET v1/conversations?channel=whatsApp");
        await first.CallAsync(200, $"GET v1/conversations?inbox={Unknown}");
        await first.CallAsync(200, $"GET v1/conversations?contact={customer["id"]}");
        await first.CallAsync(200, "GET v1/conversations?contact=999");
        await WalkAsync("v1/conversations?pageSize=2");
        await second.CallAsync(200, "GET v1/conversations");
        await first.CallAsync(200, $"GET v1/conversations/{chat["id"]}");
        await first.CallAsync(404, "GET v1/conversations/x");
        await first.CallAsync(200, "PATCH v1/conversations/1",
            new { title = "Order 17 (paid)", metadata = new { order = 17, paid = true }, chatbot = 2 });
        await first.CallAsync(412, "PATCH v1/conversations/1", new { title = "Stale" }, ("If-Match", "\"999\""));
        await first.CallAsync(400, "PATCH v1/conversations/1", new { title = "Unreadable" }, ("If-Match", "999"));
        await first.CallAsync(404, "PATCH v1/conversations/1", new { chatbot = 999 });
        await first.CallAsync(422, "PATCH v1/conversations/1",
            new { title = new string('t', 251), autoReplyEnabled = (bool?)null, handedOffUntil = After(24 * 400) });
        await first.CallAsync(200, "PATCH v1/conversations/1", new { chatbot = (int?)null, title = "Order 17" });
    }

    /// <summary>Files that are uploaded before their messages, and the lists of MaiAgent beside conversations.</summary>
    private async Task UploadsAsync()
    {
        var link = await first.CallAsync(200, "POST v1/upload-presigned-url",
            new { filename = "note.txt", modelName = "attachment", fieldName = "file", fileSize = 6 });
        await first.CallAsync(422, "POST v1/upload-presigned-url", new { filename = "", fileSize = 0 });
        var stranger = recorded.ClientOf("nobody", token: null);
        await stranger.CallAsync(204, $"POST {link["url"]}", Form("a file"u8.ToArray(), "note.txt", "Ignored"));
        await stranger.CallAsync(403, $"POST {link["url"]}", Form("a file"u8.ToArray(), "note.txt", "Ignored"));
        await stranger.CallAsync(403, $"POST v1/uploads/{Unknown}?expires=1&signature=A", Form([1], "a", ""));
        var file = new { file = $"{link["fields"]!["key"]}", filename = "Renamed.txt", type = "other" };
        var attachment = await first.CallAsync(201, "POST v1/attachments", file);
        await first.CallAsync(201, "POST v1/conversations/1/attachments", file);
        await first.CallAsync(201, "POST v1/attachments", Form([0x89, 0x50], "pixel.png", "Ignored"));
        await first.CallAsync(422, "POST v1/attachments", new { file = Unknown, type = "x" });
        await first.CallAsync(201, "POST v1/messages",
            new { conversation = 1, content = "With an upload", attachments = new[] { attachment } });
        await first.CallAsync(201, "POST v1/messages/outgoing",
            new { conversation = 1, content = "Of the assistant" }, ("Idempotency-Key", "an outgoing message's key"));
        await first.CallAsync(200, "GET v1/inboxes");
        await first.CallAsync(200, "GET v1/inboxes?pageSize=1");
        await first.CallAsync(200, "GET v1/inboxes?pageSize=1&page=2");
        await first.CallAsync(200, "GET v1/inboxes?channelType=web");
        await first.CallAsync(422, "GET v1/inboxes?page=0");
        var owner = await first.CallAsync(201, "POST v1/senders", new
        {
            entity = "external_user",
            name = "Ida",
            externalId = "crm-17",
            avatar = "https://parley.test/ida.png",
            email = "ida@parley.test",
            phoneNumber = "+372 557",
            metadata = new { vip = true },
        });
        await first.CallAsync(200, "GET v1/contacts?pageSize=2");
        await first.CallAsync(200, "GET v1/contacts?pageSize=2&page=2");
        var owned = await first.CallAsync(201, "POST v1/conversations", new { channel = "api", contact = owner["id"] });
        await first.CallAsync(201, "POST v1/tickets", new { chatId = owned["id"] });
        await first.CallAsync(200, $"GET v1/chats?ownerIds={owner["id"]}");
        await second.CallAsync(200, "GET v1/contacts");
    }

    private async Task ConversationMessagesAsync()
    {
        const string Messages = "v1/conversations/1/messages";
        var body = new { message = "On its way: é \"quoted\" <b> 😀", metadata = new { order = 17 } };
        var sent = await first.CallAsync(200, $"POST {Messages}", body, ("Idempotency-Key", "a message's key"));
        await first.CallAsync(200, $"POST {Messages}", body, ("Idempotency-Key", "a message's key"));
        await first.CallAsync(422, $"POST {Messages}",
            new { message = "Another" }, ("Idempotency-Key", "a message's key"));
        var id = sent["data"]!["message_id"];
        await first.CallAsync(200, $"POST {Messages}",
            new { message = "Where is it?", quoted_message_id = id, sender = customer["id"] });
        await first.CallAsync(200, $"POST {Messages}", new { message = "Written by an agent", sender = 1 });
        var deleted = await first.CallAsync(200, $"POST {Messages}", new { message = "To be deleted" });
        await first.CallAsync(422, $"POST {Messages}",
            new { message = "", quoted_message_id = "x", sender = -1, metadata = "text" });
        await first.CallAsync(422, $"POST {Messages}", new { message = "x", quoted_message_id = 999, sender = 999 });
        await first.CallAsync(422, $"POST {Messages}", new { message = new string('m', 5001) });

        await first.CallAsync(200, $"POST {Messages}/media",
            Form("a file"u8.ToArray(), "note.txt", "A note"), ("Idempotency-Key", "a file's key"));
        await first.CallAsync(200, $"POST {Messages}/media",
            Form("a file"u8.ToArray(), "note.txt", "A note"), ("Idempotency-Key", "a file's key"));
        await first.CallAsync(200, $"POST {Messages}/media",
            Form([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "pixel.png", "", $"{customer["id"]}"));
        await first.CallAsync(422, $"POST {Messages}/media", Form([], "empty.txt", new string('m', 5001), "999"));
        await first.CallAsync(400, $"POST {Messages}/media",
            new StringContent(
                "--boundary\r\ncut", MediaTypeHeaderValue.Parse("multipart/form-data; boundary=boundary")));
        await first.CallAsync(415, $"POST {Messages}/media", new { file = "none" });

        await first.CallAsync(200, $"PUT {Messages}/{id}", new { message = "It has arrived." }, ("If-Match", "\"1\""));
        await first.CallAsync(412, $"PUT {Messages}/{id}", new { message = "Stale" }, ("If-Match", "\"1\""));
        await first.CallAsync(422, $"PUT {Messages}/{id}", new { message = "" });
        await first.CallAsync(404, $"PUT v1/conversations/2/messages/{id}",
            new { message = "In another conversation" });
        deletedMessage = deleted["data"]!["message_id"]!;
        var gone = $"{Messages}/{deletedMessage}";
        await first.CallAsync(412, $"DELETE {gone}", null, ("If-Match", "\"999\""));
        await first.CallAsync(200, $"DELETE {gone}");
        await first.CallAsync(200, $"DELETE {gone}");
        await first.CallAsync(409, $"PUT {gone}", new { message = "Edited after its deletion" });

        await first.CallAsync(200, $"GET {Messages}");
        await first.CallAsync(200, $"GET {Messages}?order=asc&per_page=2&page=2");
        await first.CallAsync(200, $"GET {Messages}?per_page=2&page=9");
        await first.CallAsync(422, $"GET {Messages}?order=random&per_page=101&page=0");
        await first.CallAsync(200, "POST v1/conversations/1/read", new { messageId = id });
        await first.CallAsync(200, "POST v1/conversations/1/read", new { });
        await first.CallAsync(422, "POST v1/conversations/1/read", new { messageId = 999 });
    }

    private async Task MessagesAsync()
    {
        var body = new
        {
            conversation = chat["id"],
            content = "Look at this",
            contentPayload = new { a = 1 },
            queryMetadata = new { b = new[] { 2 } },
            sender = customer["id"],
            attachments = new[] { new { type = "image", filename = "box.png", file = "https://parley.test/?a=1&b=2" } },
        };
        var message = await first.CallAsync(201, "POST v1/messages",
            body, ("Idempotency-Key", "another message's key"));
        await first.CallAsync(201, "POST v1/messages", body, ("Idempotency-Key", "another message's key"));
        await first.CallAsync(422, "POST v1/messages",
            new { conversation = 1, content = "Another" }, ("Idempotency-Key", "another message's key"));
        await first.CallAsync(404, "POST v1/messages", new { conversation = 999, content = "Nowhere" });
        await first.CallAsync(422, "POST v1/messages", new
        {
            conversation = "x",
            content = "",
            contentPayload = 1,
            queryMetadata = "text",
            sender = "x",
            attachments = new[] { new { type = "table", filename = "", file = "no link" } },
        });
        await first.CallAsync(200, "GET v1/messages?conversation=1");
        await first.CallAsync(200, "GET v1/messages?conversation=999");
        await first.CallAsync(422, "GET v1/messages?pageSize=0");
        await WalkAsync("v1/messages?conversation=1&pageSize=4");
        await first.CallAsync(200, $"GET v1/messages/{message["id"]}");
        await first.CallAsync(404, "GET v1/messages/999");
        await first.CallAsync(200, $"PATCH v1/messages/{message["id"]}",
            new { feedback = "Helpful." }, ("If-Match", "\"1\""));
        await first.CallAsync(412, $"PATCH v1/messages/{message["id"]}",
            new { feedback = "Stale" }, ("If-Match", "\"1\""));
        await first.CallAsync(200, $"PATCH v1/messages/{message["id"]}", new { feedback = (string?)null });
        await first.CallAsync(422, $"PATCH v1/messages/{message["id"]}", new { feedback = new string('f', 2001) });
        await first.CallAsync(409, $"PATCH v1/messages/{deletedMessage}", new { feedback = "Too late" });
    }

    private async Task ChatMessagesAsync()
    {
        var (chatId, senderId) = (chat["id"], customer["id"]);
        var body = new { chatId, content = "From outside", role = "user", externalId = "wamid-17", senderId };
        var message = await first.CallAsync(200, "POST v1/chat-messages", body);
        await first.CallAsync(200, "POST v1/chat-messages", body);
        await first.CallAsync(200, "POST v1/chat-messages",
            new { chatId = 1, content = "With a key", role = "assistant" }, ("Idempotency-Key", "a third key"));
        await first.CallAsync(422, "POST v1/chat-messages",
            new { chatId = 1, content = "Another", role = "user" }, ("Idempotency-Key", "a third key"));
        await first.CallAsync(404, "POST v1/chat-messages", new { chatId = 999, content = "Nowhere", role = "user" });
        await first.CallAsync(422, "POST v1/chat-messages",
            new
            {
                chatId,
                content = new string('c', 4001),
                role = "staff",
                chatThreadId = "x",
                externalId = "x",
                senderId = 0,
            });
        await first.CallAsync(422, "POST v1/chat-messages",
            new { chatId = 1, content = "", role = "user", chatThreadId = Unknown, senderId = 999 });

        var thread = await first.CallAsync(200, "POST v1/chat-threads",
            new { chatId = 1, chatMessageId = message["id"] });
        await first.CallAsync(200, "POST v1/chat-threads", new { chatId = 1, chatMessageId = message["id"] });
        await first.CallAsync(422, "POST v1/chat-threads", new { chatId = 1, chatMessageId = 999 });
        await first.CallAsync(422, "POST v1/chat-threads", new { chatId = 0, chatMessageId = "x" });
        var threaded = await first.CallAsync(200, "POST v1/chat-messages",
            new { chatId = 1, content = "In a thread", role = "user", chatThreadId = thread["id"] });
        await first.CallAsync(200, "POST v1/chat-threads", new { chatId = 1, chatMessageId = threaded["id"] });
        await first.CallAsync(200, "GET v1/chat-threads?chatId=1");
        await first.CallAsync(200, "GET v1/chat-threads?chatId=1&limit=1");
        await first.CallAsync(200, "GET v1/chat-threads?chatId=999");
        await first.CallAsync(422, "GET v1/chat-threads?limit=1001");

        await first.CallAsync(200, "GET v1/chats");
        await first.CallAsync(200, "GET v1/chats?ownerIds=1&channelTypes=whatsapp&pageSize=2&pageNumber=2");
        await first.CallAsync(422, "GET v1/chats?ownerIds=x&channelIds=x&channelTypes=x&pageSize=0&pageNumber=0");
        await first.CallAsync(200, "GET v1/chats/1/details");
        await first.CallAsync(404, "GET v1/chats/999/details");
        await first.CallAsync(200, "GET v1/chat-messages?chatId=1");
        const string Joins = "joins=senders&joins=chat-message-follow-ups";
        await first.CallAsync(200, $"GET v1/chat-messages?chatId=1&chatThreadId={thread["id"]}&{Joins}");
        await first.CallAsync(200, "GET v1/chat-messages?chatId=1&limit=2");
        await first.CallAsync(200, $"GET v1/chat-messages?chatId=1&ticketIds={Unknown}&pagination[limit]=2");
        await first.CallAsync(422, "GET v1/chat-messages?joins=messages&limit=0&chatThreadId=x&ticketIds=x");
    }

    private async Task TicketsAsync()
    {
        var ticket = await first.CallAsync(201, "POST v1/tickets", new { chatId = chat["id"], title = "It is late" });
        await first.CallAsync(409, "POST v1/tickets", new { chatId = 1 });
        await first.CallAsync(404, "POST v1/tickets", new { chatId = 999 });
        await first.CallAsync(422, "POST v1/tickets", new { title = new string('t', 251) });
        await first.CallAsync(200, "POST v1/chat-messages",
            new { chatId = 1, content = "Of the ticket", role = "user" });
        await first.CallAsync(200, $"GET v1/tickets/{ticket["id"]}");
        await first.CallAsync(404, "GET v1/tickets/1");
        await first.CallAsync(409, $"PATCH v1/tickets/{ticket["id"]}", new { status = "completed" });
        await first.CallAsync(200, $"PATCH v1/tickets/{ticket["id"]}",
            new { status = "ongoing", title = "Late" }, ("If-Match", "\"1\""));
        await first.CallAsync(412, $"PATCH v1/tickets/{ticket["id"]}", new { title = "Stale" }, ("If-Match", "\"1\""));
        await first.CallAsync(422, $"PATCH v1/tickets/{ticket["id"]}",
            new { status = "lost", title = new string('t', 251) });
        await first.CallAsync(200, $"PATCH v1/tickets/{ticket["id"]}", new { status = "completed" });
        await first.CallAsync(409, $"PATCH v1/tickets/{ticket["id"]}", new { status = "pending" });
        await first.CallAsync(201, "POST v1/tickets", new { chatId = 1 });
        await first.CallAsync(200, "GET v1/tickets?chatId=1");
        await first.CallAsync(200, "GET v1/tickets?chatId=1&limit=1");
        await first.CallAsync(422, "GET v1/tickets?chatId=x&limit=x");
        await first.CallAsync(200, $"GET v1/chat-messages?chatId=1&ticketIds={ticket["id"]}");
    }
}
