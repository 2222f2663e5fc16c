using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>Small tokenizer files of each kind.</summary>
internal static class TinyTokenizers
{
    /// <summary>Pieces with scores and SentencePiece's kinds; the index is the id.</summary>
    private static readonly (string Text, float Score, int Kind)[] s_pieces =
    [
        ("<pad>", 0, 3), ("</s>", 0, 3), ("<unk>", 0, 2), ("▁", -3, 1), ("▁a", -2, 1), ("▁red", -2.5f, 1), ("▁star", -2.5f, 1),
        .. "stared".Distinct().Select(letter => (letter.ToString(), -4f, 1)),
    ];

    /// <summary>Maps A to a.</summary>
    public static byte[] CharacterMap
    {
        get
        {
            uint[] units = new uint[322];
            // The root leads to 256, a byte from there to 256 xor the byte, and that unit's leaf is the one before it.
            units[0] = 256u << 10;
            units[256 ^ 'A'] = 'A' | (1u << 8) | (1u << 10);
            units[(256 ^ 'A') ^ 1] = 1u << 31;
            byte[] map = new byte[4 + (4 * units.Length) + 2];
            BinaryPrimitives.WriteInt32LittleEndian(map, 4 * units.Length);
            for (int i = 0; i < units.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(map.AsSpan(4 + (4 * i)), units[i]);
            map[^2] = (byte)'a';
            return map;
        }
    }

    /// <summary>A <c>tokenizer.json</c> like T5's.</summary>
    public static string Unigram => new JsonObject
    {
        ["added_tokens"] = new JsonArray([.. s_pieces.Take(3).Select((piece, id) => Added(id, piece.Text))]),
        ["normalizer"] = new JsonObject
        {
            ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(CharacterMap),
        },
        ["pre_tokenizer"] = JsonNode.Parse("""
            { "type": "Sequence", "pretokenizers": [ { "type": "WhitespaceSplit" },
              { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true } ] }
            """),
        ["post_processor"] = JsonNode.Parse("""
            { "type": "TemplateProcessing", "single": [ { "Sequence": { "id": "A" } }, { "SpecialToken": { "id": "</s>" } } ],
              "special_tokens": { "</s>": { "id": "</s>", "ids": [1], "tokens": ["</s>"] } } }
            """),
        ["model"] = new JsonObject
        {
            ["type"] = "Unigram", ["unk_id"] = 2, ["byte_fallback"] = false,
            ["vocab"] = new JsonArray([.. s_pieces.Select(piece => new JsonArray(piece.Text, piece.Score))]),
        },
    }.ToJsonString();

    /// <summary>The same as a SentencePiece model.</summary>
    public static byte[] SentencePiece
    {
        get
        {
            using var bytes = new MemoryStream();
            using (var message = new CodedOutputStream(bytes, leaveOpen: true))
            {
                foreach ((string text, float score, int kind) in s_pieces)
                {
                    Write(message, 1, piece =>
                    {
                        piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
                        piece.WriteString(text);
                        piece.WriteTag(2, WireFormat.WireType.Fixed32);
                        piece.WriteFloat(score);
                        piece.WriteTag(3, WireFormat.WireType.Varint);
                        piece.WriteEnum(kind);
                    });
                }

                Write(message, 2, trainer =>
                {
                    trainer.WriteTag(3, WireFormat.WireType.Varint);
                    trainer.WriteEnum(1);
                    trainer.WriteTag(41, WireFormat.WireType.Varint);
                    trainer.WriteInt32(-1);
                });
                Write(message, 3, normalizer =>
                {
                    normalizer.WriteTag(2, WireFormat.WireType.LengthDelimited);
                    normalizer.WriteBytes(ByteString.CopyFrom(CharacterMap));
                    foreach (int flag in (int[])[3, 4, 5])
                    {
                        normalizer.WriteTag(flag, WireFormat.WireType.Varint);
                        normalizer.WriteBool(true);
                    }
                });
            }

            return bytes.ToArray();
        }
    }

    /// <summary>A <c>tokenizer.json</c> like Qwen's: bytes have the ids 0 to 255, " red" 258, the added tokens follow from 260.</summary>
    public static string ByteLevel => new JsonObject
    {
        ["added_tokens"] = new JsonArray(Added(260, "<|im_start|>"), Added(261, "<|im_end|>"), Added(262, "<|endoftext|>")),
        ["normalizer"] = new JsonObject { ["type"] = "NFC" },
        ["pre_tokenizer"] = JsonNode.Parse("""{ "type": "ByteLevel", "add_prefix_space": false, "use_regex": true }"""),
        ["post_processor"] = new JsonObject { ["type"] = "ByteLevel" },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = null, ["byte_fallback"] = false,
            ["vocab"] = Vocabulary([.. Bytes.Select(symbol => symbol.ToString()), "Ġr", "Ġre", "Ġred", "st"]),
            ["merges"] = new JsonArray("Ġ r", "Ġr e", new JsonArray("Ġre", "d"), "s t"),
        },
    }.ToJsonString();

    /// <summary>
    /// A <c>tokenizer.json</c> like that of Mistral Small 3: bytes as in <see cref="ByteLevel"/>, and the tokens of messages from 263, of
    /// which a text begins with the first.
    /// </summary>
    public static string Mistral
    {
        get
        {
            JsonObject json = JsonNode.Parse(ByteLevel)!.AsObject();
            string[] tokens = ["<s>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]", "<pad>", "[IMG]"];
            json["added_tokens"] = new JsonArray([.. tokens.Select((token, i) => Added(263 + i, token))]);
            json["post_processor"] = JsonNode.Parse("""
                { "type": "TemplateProcessing", "single": [ { "SpecialToken": { "id": "<s>" } }, { "Sequence": { "id": "A" } } ],
                  "special_tokens": { "<s>": { "id": "<s>", "ids": [263], "tokens": ["<s>"] } } }
                """);
            json["model"]!["ignore_merges"] = true;
            return json.ToJsonString();
        }
    }

    /// <summary>
    /// A <c>tokenizer.json</c> like Gemma's: bytes have the ids 2 to 257, "▁" 258, and "▁red" 265. A text begins with id 1.
    /// </summary>
    public static string ByteFallback => new JsonObject
    {
        ["added_tokens"] = new JsonArray(Added(0, "<unk>"), Added(1, "<s>")),
        ["normalizer"] = JsonNode.Parse("""{ "type": "Replace", "pattern": { "String": " " }, "content": "▁" }"""),
        ["pre_tokenizer"] = null,
        ["post_processor"] = JsonNode.Parse("""
            { "type": "TemplateProcessing", "single": [ { "SpecialToken": { "id": "<s>" } }, { "Sequence": { "id": "A" } } ],
              "special_tokens": { "<s>": { "id": "<s>", "ids": [1], "tokens": ["<s>"] } } }
            """),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE", ["unk_token"] = "<unk>", ["byte_fallback"] = true, ["fuse_unk"] = true,
            ["vocab"] = Vocabulary(
            [
                "<unk>", "<s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"),
                "▁", "a", "r", "e", "d", "re", "red", "▁red",
            ]),
            ["merges"] = new JsonArray("r e", "re d", "▁ red"),
        },
    }.ToJsonString();

    /// <summary>The printable symbols of bytes (Radford et al. 2019), in the order of GPT-2's vocabulary.</summary>
    private static IEnumerable<char> Bytes
    {
        get
        {
            int[] printable = [.. Enumerable.Range(0, 256).Where(value => value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174)];
            return printable.Concat(Enumerable.Range(256, 256 - printable.Length)).Select(value => (char)value);
        }
    }

    private static JsonObject Added(int id, string content) => new()
    {
        ["id"] = id, ["content"] = content, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject Vocabulary(IEnumerable<string> tokens) =>
        new(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)JsonValue.Create(id))));

    private static void Write(CodedOutputStream message, int field, Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var inner = new CodedOutputStream(bytes, leaveOpen: true)) write(inner);
        message.WriteTag(field, WireFormat.WireType.LengthDelimited);
        message.WriteBytes(ByteString.CopyFrom(bytes.ToArray()));
    }
}
