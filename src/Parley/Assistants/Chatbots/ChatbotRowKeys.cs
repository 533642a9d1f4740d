using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>Chatbots, and the partition of their records.</summary>
internal static class ChatbotRowKeys
{
    /// <summary>A chatbot, in its tenant's partition.</summary>
    public static string Chatbot(int number) => string.Create(CultureInfo.InvariantCulture, $"b|{number:D10}");

    /// <summary>The partition of Tenants with the records of a chatbot: <c>T|b{n}</c>.</summary>
    public static string ChatbotPartition(ChatbotKey chatbot) =>
        string.Create(CultureInfo.InvariantCulture, $"{chatbot.Tenant.PartitionKey}|b{chatbot.Number:D10}");

    /// <summary>The chatbot's number in a key of <see cref="ChatbotPartition"/>.</summary>
    public static int ReadChatbotPartition(string partitionKey) => KeyParts.Number(partitionKey.AsSpan(partitionKey.IndexOf('|') + 2));
}
