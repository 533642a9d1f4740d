using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>Row keys of chatbots, and partition keys of their records.</summary>
internal static class ChatbotRowKeys
{
    /// <summary>The row key of a chatbot in its tenant's partition: <c>b|n</c>.</summary>
    public static string Chatbot(int number) => string.Create(CultureInfo.InvariantCulture, $"b|{number:D10}");

    /// <summary>The row key, in its tenant's partition, of a web chat that a chatbot lists: <c>w|uuid</c>.</summary>
    public static string WebChat(Guid webChat) => $"w|{webChat:N}";

    /// <summary>The partition key, in the table Tenants, of a chatbot's records: <c>T|b{n}</c>.</summary>
    public static string ChatbotPartition(ChatbotKey chatbot) =>
        string.Create(CultureInfo.InvariantCulture, $"{chatbot.Tenant.PartitionKey}|b{chatbot.Number:D10}");

    /// <summary>Parses the chatbot's number from a key of <see cref="ChatbotPartition"/>.</summary>
    public static int ReadChatbotPartition(string partitionKey) =>
        KeyParts.Number(partitionKey.AsSpan(partitionKey.IndexOf('|') + 2));
}
