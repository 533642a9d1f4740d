using System.Globalization;
using System.Xml;
using Microsoft.AspNetCore.Http;
using Parley.Testing.QueueService;

namespace Parley.Testing.Storage;

/// <summary>Writes responses of the Queue service.</summary>
internal static class QueueResponseWriter
{
    public static void Write(HttpResponse response, QueueRequest request, QueueResponse answer)
    {
        response.StatusCode = answer.Status;
        response.Headers["x-ms-version"] = "2021-12-02";
        if (answer.Error is { } error)
        {
            response.Headers["x-ms-error-code"] = error.Code;
            if (request.Operation != QueueOperation.GetProperties)
            {
                WriteXml(response, xml => WriteElements(xml, "Error", ("Code", error.Code), ("Message", error.Message)));
            }

            return;
        }

        foreach (var (name, value) in answer.Metadata ?? new Dictionary<string, string>())
        {
            response.Headers["x-ms-meta-" + name] = value;
        }

        if (answer.ApproximateCount is { } count)
        {
            response.Headers["x-ms-approximate-messages-count"] = count.ToString(CultureInfo.InvariantCulture);
        }

        if (request.Operation == QueueOperation.Update)
        {
            response.Headers["x-ms-popreceipt"] = answer.Messages[0].PopReceipt;
            response.Headers["x-ms-time-next-visible"] = Date(answer.Messages[0].VisibleAt);
        }
        else if (request.Operation is QueueOperation.Put or QueueOperation.Get or QueueOperation.Peek)
        {
            WriteXml(response, xml => WriteMessages(xml, request.Operation, answer.Messages));
        }
        else if (request.Operation == QueueOperation.ListQueues)
        {
            WriteXml(response, xml => WriteQueues(xml, request, answer));
        }
        else if (request.Operation == QueueOperation.GetServiceProperties)
        {
            WriteXml(response, WriteServiceProperties);
        }
        else
        {
            response.WriteBody(default);
        }
    }

    private static void WriteMessages(XmlWriter xml, QueueOperation operation, IReadOnlyList<StoredMessage> messages)
    {
        xml.WriteStartElement("QueueMessagesList");
        foreach (var message in messages)
        {
            xml.WriteStartElement("QueueMessage");
            xml.WriteElementString("MessageId", message.Id);
            xml.WriteElementString("InsertionTime", Date(message.InsertedAt));
            xml.WriteElementString("ExpirationTime", Date(message.ExpiresAt));
            if (operation != QueueOperation.Peek)
            {
                xml.WriteElementString("PopReceipt", message.PopReceipt);
                xml.WriteElementString("TimeNextVisible", Date(message.VisibleAt));
            }

            if (operation != QueueOperation.Put)
            {
                xml.WriteElementString("DequeueCount", message.DequeueCount.ToString(CultureInfo.InvariantCulture));
                xml.WriteElementString("MessageText", message.Text);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteQueues(XmlWriter xml, QueueRequest request, QueueResponse answer)
    {
        xml.WriteStartElement("EnumerationResults");
        xml.WriteElementString("Prefix", request.Prefix);
        xml.WriteStartElement("Queues");
        foreach (var (name, metadata) in answer.Queues)
        {
            xml.WriteStartElement("Queue");
            xml.WriteElementString("Name", name);
            if (request.IncludesMetadata)
            {
                WriteElements(xml, "Metadata", [.. metadata.Select(each => (each.Key, each.Value))]);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteElementString("NextMarker", answer.NextMarker ?? "");
        xml.WriteEndElement();
    }

    private static void WriteServiceProperties(XmlWriter xml)
    {
        xml.WriteStartElement("StorageServiceProperties");
        WriteElements(xml, "Logging", ("Version", "1.0"), ("Delete", "false"), ("Read", "false"), ("Write", "false"));
        xml.WriteEndElement();
    }

    private static void WriteElements(XmlWriter xml, string name, params (string Name, string Value)[] elements)
    {
        xml.WriteStartElement(name);
        foreach (var (element, value) in elements)
        {
            xml.WriteElementString(element, value);
        }

        xml.WriteEndElement();
    }

    private static void WriteXml(HttpResponse response, Action<XmlWriter> write)
    {
        using var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            xml.WriteStartDocument();
            write(xml);
        }

        response.ContentType = "application/xml";
        response.WriteBody(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
}
