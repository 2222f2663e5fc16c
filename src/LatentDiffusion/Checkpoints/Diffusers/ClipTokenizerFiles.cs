using System.Text.Json.Nodes;

namespace LatentDiffusion.Checkpoints;

/// <summary>The contents of a <c>tokenizer</c> folder of CLIP.</summary>
/// <param name="Vocabulary">Tokens and merges.</param>
/// <param name="MaxLength">The most tokens of a prompt, start and end included.</param>
/// <param name="PaddingToken">Fills the rest of the window.</param>
public sealed record ClipTokenizerFiles(BpeVocabulary Vocabulary, int MaxLength = 77, string PaddingToken = BpeVocabulary.EndToken)
{
    private const string Config = "tokenizer_config.json", Special = "special_tokens_map.json";

    /// <summary>Reads a folder.</summary>
    /// <param name="folder">
    /// A folder with <c>vocab.json</c> and <c>merges.txt</c>, or with <c>tokenizer.json</c>; <c>tokenizer_config.json</c> and
    /// <c>special_tokens_map.json</c> are read if they exist.
    /// </param>
    /// <param name="maximum">The most tokens that the text tower takes.</param>
    /// <exception cref="InvalidDataException">A file is not of CLIP's form; the message says why.</exception>
    public static ClipTokenizerFiles Open(string folder, int maximum = 77)
    {
        JsonObject config = Read(Path.Combine(folder, Config)), special = Read(Path.Combine(folder, Special));
        // Later files have their special tokens in one place; the second file is then not read.
        string? padding = config["added_tokens_decoder"] is not null ? Token(config) : Token(special) ?? Token(config);
        // 1e30 in some files means no limit.
        double length = config["model_max_length"] is JsonValue value && value.TryGetValue(out double given) ? given : maximum;
        int tokens = (int)Math.Clamp(length, 2, Math.Max(2, maximum));
        return new ClipTokenizerFiles(BpeVocabulary.Open(folder), tokens, padding ?? BpeVocabulary.EndToken);
    }

    /// <summary>Builds the tokenizer.</summary>
    public ClipTokenizer Build() => new(Vocabulary, MaxLength, PaddingToken);

    /// <summary>Writes the files.</summary>
    /// <param name="folder">Made where it is missing.</param>
    public void Save(string folder)
    {
        Vocabulary.Save(folder);
        var special = new JsonObject
        {
            ["bos_token"] = BpeVocabulary.StartToken, ["eos_token"] = BpeVocabulary.EndToken,
            ["pad_token"] = PaddingToken, ["unk_token"] = BpeVocabulary.EndToken,
        };
        JsonObject config = special.DeepClone().AsObject();
        config["model_max_length"] = MaxLength;
        config["tokenizer_class"] = "CLIPTokenizer";
        config["do_lower_case"] = true;
        AtomicFile.Write(Path.Combine(folder, Config), config.ToJsonString(ModelConfigJson.Options));
        AtomicFile.Write(Path.Combine(folder, Special), special.ToJsonString(ModelConfigJson.Options));
    }

    /// <summary>A token is a text, or an object with its text and how it is stripped.</summary>
    private static string? Token(JsonObject file) => file["pad_token"] switch
    {
        JsonValue value when value.TryGetValue(out string? text) => text,
        JsonObject token when token["content"] is JsonValue value && value.TryGetValue(out string? text) => text,
        _ => null,
    };

    private static JsonObject Read(string path) => File.Exists(path) ? PublishedJson.ReadObject(path) : [];
}
