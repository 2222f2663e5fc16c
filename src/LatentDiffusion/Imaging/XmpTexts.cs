using System.Text;
using System.Text.Json;
using System.Xml;

namespace LatentDiffusion.Imaging;

/// <summary>
/// Text entries in an XMP packet (ISO 16684-1): all of them as one JSON object in a property of this library, which any text fits, and the
/// one for people as <c>dc:description</c>.
/// </summary>
internal static class XmpTexts
{
    private const string Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", Meta = "adobe:ns:meta/";
    private const string DublinCore = "http://purl.org/dc/elements/1.1/", Note = "http://ns.adobe.com/xmp/note/";
    private const string Own = "urn:latentdiffusion:metadata:1", Property = "texts", Description = "description";

    /// <summary>The entries of a packet; none if it has none, or is damaged.</summary>
    public static Dictionary<string, string> Read(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty) return [];
        try
        {
            using var stream = new MemoryStream(packet.ToArray(), writable: false);
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
            using var reader = XmlReader.Create(stream, settings);
            string? description = null;
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element) continue;
                if (reader.LocalName == Property && reader.NamespaceURI == Own) return Parse(TextOf(reader));
                if (reader.LocalName == Description && reader.NamespaceURI == DublinCore) description = TextOf(reader);
            }

            return description?.Contains("Steps: ", StringComparison.Ordinal) == true ? new() { [ExifComment.Key] = description } : [];
        }
        catch (Exception e) when (e is XmlException or JsonException or ArgumentException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>Writes a packet in UTF-8.</summary>
    public static byte[] Write(IReadOnlyDictionary<string, string> texts) => Write((Own, "ld"), (DublinCore, "dc"), writer =>
    {
        if (texts.GetValueOrDefault(ExifComment.Key) is { } description)
        {
            writer.WriteStartElement("dc", Description, DublinCore);
            writer.WriteStartElement("rdf", "Alt", Rdf);
            writer.WriteStartElement("rdf", "li", Rdf);
            writer.WriteAttributeString("xml", "lang", null, "x-default");
            writer.WriteString(new string([.. description.Where(c => XmlConvert.IsXmlChar(c))]));
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
        }

        // Escaped to ASCII, so that white space and characters that XML forbids come back as they were.
        writer.WriteElementString("ld", Property, Own, JsonSerializer.Serialize(texts, PlainJson.Default.IReadOnlyDictionaryStringString));
    });

    /// <summary>The main packet of a JPEG file whose entries are in an extension.</summary>
    /// <param name="digest">MD5 of the extension in hexadecimal digits.</param>
    public static byte[] WriteExtended(string digest) => Write((Note, "xmpNote"), (DublinCore, "dc"), writer =>
        writer.WriteElementString("xmpNote", "HasExtendedXMP", Note, digest));

    private static byte[] Write((string Uri, string Prefix) first, (string Uri, string Prefix) second, Action<XmlWriter> write)
    {
        using var stream = new MemoryStream();
        var settings = new XmlWriterSettings
        {
            OmitXmlDeclaration = true, Encoding = new UTF8Encoding(false), NewLineHandling = NewLineHandling.Entitize,
        };
        using (var writer = XmlWriter.Create(stream, settings))
        {
            writer.WriteProcessingInstruction("xpacket", "begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"");
            writer.WriteStartElement("x", "xmpmeta", Meta);
            writer.WriteStartElement("rdf", "RDF", Rdf);
            writer.WriteStartElement("rdf", "Description", Rdf);
            writer.WriteAttributeString("rdf", "about", Rdf, "");
            foreach ((string uri, string prefix) in new[] { first, second }) writer.WriteAttributeString("xmlns", prefix, null, uri);
            write(writer);
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteProcessingInstruction("xpacket", "end=\"w\"");
        }

        return stream.ToArray();
    }

    private static string TextOf(XmlReader element)
    {
        var text = new StringBuilder();
        using XmlReader inner = element.ReadSubtree();
        while (inner.Read())
            if (inner.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace) text.Append(inner.Value);
        return text.ToString();
    }

    private static Dictionary<string, string> Parse(string json) =>
        JsonSerializer.Deserialize(json, PlainJson.Default.DictionaryStringString) is { } texts
            ? texts.Where(t => t.Value is not null).ToDictionary(t => t.Key, t => t.Value!)
            : [];
}
