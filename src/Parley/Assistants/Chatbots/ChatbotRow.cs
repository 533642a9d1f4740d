using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>Converts chatbots to and from rows <c>b|n</c> of a tenant's partition.</summary>
internal static class ChatbotRow
{
    public static TableEntity Create(Chatbot chatbot)
    {
        var row = new TableEntity(chatbot.Key.Tenant.PartitionKey, ChatbotRowKeys.Chatbot(chatbot.Key.Number))
        {
            ["WriteId"] = chatbot.WriteId,
            ["Check"] = chatbot.Check,
            ["Rev"] = chatbot.Revision,
            ["Name"] = chatbot.Name,
            ["Enabled"] = chatbot.Enabled,
            ["CreatedAt"] = chatbot.CreatedAt,
            ["UpdatedAt"] = chatbot.UpdatedAt,
        };
        row.SetIfAny("Instructions", chatbot.Instructions);
        row.SetIfAny("Provider", chatbot.Provider);
        row.SetIfAny("Model", chatbot.Model);
        row.SetIfAny("Temperature", chatbot.Temperature);
        row.SetIfAny("DeletedAt", chatbot.DeletedAt);
        row.SetIfAny("EditId", chatbot.EditId);
        row.SetIfAny("WebChats", chatbot.WebChatIds);
        return row;
    }

    public static Chatbot Read(TableEntity row, TenantId tenant) => new()
    {
        Key = new ChatbotKey(tenant, KeyParts.LastNumber(row.RowKey)),
        WriteId = row.GetString("WriteId"),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        Name = row.GetString("Name"),
        Enabled = row.GetBoolean("Enabled")!.Value,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt")!.Value,
        Instructions = row.GetString("Instructions"),
        Provider = row.GetString("Provider"),
        Model = row.GetString("Model"),
        Temperature = row.GetDouble("Temperature"),
        DeletedAt = row.GetDateTimeOffset("DeletedAt"),
        EditId = row.GetString("EditId"),
        WebChatIds = row.GetString("WebChats"),
        ETag = row.ETag,
    };
}
