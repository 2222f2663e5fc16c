using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>Members of the JSON objects in tokenizer files, checked. Every fault is an <see cref="InvalidDataException"/>.</summary>
internal static class TokenizerMembers
{
    extension(JsonElement parent)
    {
        /// <summary>A member of a kind.</summary>
        public JsonElement Member(string name, JsonValueKind kind) =>
            parent.Find(name) is { } member && member.ValueKind == kind
                ? member
                : throw new InvalidDataException($"it has no {kind} '{name}'.");

        /// <summary>A member; null where it is absent or null.</summary>
        public JsonElement? Find(string name) =>
            parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement member)
            && member.ValueKind != JsonValueKind.Null ? member : null;

        /// <summary>A text.</summary>
        public string Text(string name) => parent.Member(name, JsonValueKind.String).GetString()!;

        /// <summary>A text; null where it is absent, null or of another kind.</summary>
        public string? FindText(string name) =>
            parent.Find(name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : null;

        /// <summary>True or false.</summary>
        /// <param name="name">Name of the member.</param>
        /// <param name="whenAbsent">Its value where it is absent or null.</param>
        public bool Flag(string name, bool whenAbsent = false) => parent.Find(name) switch
        {
            null => whenAbsent,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw new InvalidDataException($"'{name}' is not true or false."),
        };

        /// <summary>An id: an integer of at least 0.</summary>
        public int Id(string name) => parent.Member(name, JsonValueKind.Number).ToId(name);

        /// <summary>The elements of an array of objects; none where it is absent or null.</summary>
        public IEnumerable<JsonElement> Objects(string name) => parent.Find(name) switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Object
                ? item
                : throw new InvalidDataException($"an element of '{name}' is not an object.")),
            _ => throw new InvalidDataException($"'{name}' is not an array."),
        };

        /// <summary>The parts of a sequence; few, because each is evaluated inside the next.</summary>
        public JsonElement[] Parts(string name)
        {
            const int Most = 32;
            JsonElement[] parts = [.. parent.Objects(name).Take(Most + 1)];
            return parts.Length <= Most ? parts : throw new InvalidDataException($"'{name}' has more than {Most} parts.");
        }

        /// <summary>The element itself as an id.</summary>
        /// <param name="of">What it is the id of, for messages.</param>
        public int ToId(string of) => parent.ValueKind == JsonValueKind.Number && parent.TryGetInt32(out int id) && id >= 0
            ? id
            : throw new InvalidDataException($"the id of '{MessageText.Truncate(of, 100)}' is not an integer of at least 0.");
    }

    /// <summary>The kind of a part, which the file calls its type.</summary>
    public static NotSupportedException Unknown(string part, JsonElement element) =>
        new($"its {part} '{MessageText.Truncate(element.FindText("type") ?? "", 100)}' is not supported.");
}
