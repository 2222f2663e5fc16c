using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>Reads the <c>post_processor</c> of a <c>tokenizer.json</c>: ids before and after every text.</summary>
internal static class PostProcessorReader
{
    public static (IReadOnlyList<int> Before, IReadOnlyList<int> After) Read(JsonElement? postProcessor)
    {
        if (postProcessor is not { } given) return ([], []);
        switch (given.FindText("type"))
        {
            // Only positions in the text change.
            case "ByteLevel":
                return ([], []);
            case "Sequence":
                var before = new List<int>();
                var after = new List<int>();
                foreach (JsonElement part in given.Parts("processors"))
                {
                    (IReadOnlyList<int> first, IReadOnlyList<int> last) = Read(part);
                    before.InsertRange(0, first);
                    after.AddRange(last);
                }

                return (before, after);
            case "TemplateProcessing":
                return ReadTemplate(given);
            case "BertProcessing" or "RobertaProcessing":
                return ([PairedId(given, "cls")], [PairedId(given, "sep")]);
            default:
                throw TokenizerMembers.Unknown("post_processor", given);
        }
    }

    private static (List<int>, List<int>) ReadTemplate(JsonElement template)
    {
        var before = new List<int>();
        var after = new List<int>();
        bool isAfter = false;
        foreach (JsonElement part in template.Objects("single"))
        {
            if (part.Find("Sequence") is not null)
            {
                if (isAfter) throw new NotSupportedException("its template has the text twice, which is not supported.");
                isAfter = true;
                continue;
            }

            string name = part.Member("SpecialToken", JsonValueKind.Object).Text("id");
            JsonElement token = template.Member("special_tokens", JsonValueKind.Object).Member(name, JsonValueKind.Object);
            foreach (JsonElement id in token.Member("ids", JsonValueKind.Array).EnumerateArray())
                (isAfter ? after : before).Add(id.ToId(name));
        }

        return isAfter ? (before, after) : throw new InvalidDataException("its template does not have the text.");
    }

    /// <summary>A pair of a token and its id.</summary>
    private static int PairedId(JsonElement parent, string name)
    {
        JsonElement pair = parent.Member(name, JsonValueKind.Array);
        return pair.GetArrayLength() == 2 ? pair[1].ToId(name) : throw new InvalidDataException($"'{name}' is not a token and its id.");
    }
}
