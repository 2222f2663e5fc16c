using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// Folders of published models: every file has the published options, with narrower layers and a small vocabulary, so that
/// a folder is written, opened and drawn from in a moment. Weights follow from their names.
/// </summary>
public sealed class PublishedFolders : IDisposable
{
    private const string File = "published-models.json", Weights = "diffusion_pytorch_model", TextWeights = "model";

    private const int Text = 32, Text2 = 64, Tokens = 16, Vocabulary = 20;

    private readonly TemporaryFolder _folder = new();

    /// <summary>Names of the models.</summary>
    public static IEnumerable<string> Names => ReferenceFiles.Read(File).Select(m => m.Key);

    /// <summary>The published files of a model by component, and the numbers of their parameters.</summary>
    internal static JsonObject Published(string model) => ReferenceFiles.Read(File)[model]!.AsObject();

    /// <summary>The folder of a model, written when it is first asked for.</summary>
    /// <param name="model">Its published name.</param>
    /// <param name="variant">Variant as which its weights are written, in half precision; null for plain files.</param>
    public string this[string model, string? variant = null]
    {
        get
        {
            string path = _folder[$"{model}-{variant}"];
            if (!Directory.Exists(path)) Write(Shrunk(model), path, variant);
            return path;
        }
    }

    /// <summary>The published files with small numbers in place of the large ones, and nothing else changed.</summary>
    internal static JsonObject Shrunk(string model)
    {
        JsonObject files = Published(model);
        files.Remove("parameters");
        int context = (files.ContainsKey("text_encoder") ? Text : 0) + (files.ContainsKey("text_encoder_2") ? Text2 : 0);
        ShrinkUNet(files["unet"]!.AsObject(), context);
        files["vae"]!["block_out_channels"] = new JsonArray(32, 32, 64, 64);
        if (files["text_encoder"] is JsonObject text) ShrinkText(text, Text);
        if (files["text_encoder_2"] is JsonObject text2) ShrinkText(text2, Text2);
        return files;
    }

    /// <summary>Writes a folder of such files.</summary>
    internal static void Write(JsonObject files, string folder, string? variant = null)
    {
        string suffix = variant is null ? ".safetensors" : $".{variant}.safetensors";
        ScalarType? type = variant is null ? null : ScalarType.Float16;
        Network("unet", Weights, json => UNet2DConditionConfig.FromJson(json).Build());
        Network("vae", Weights, json => AutoencoderKLConfig.FromJson(json).Build());
        Network("text_encoder", TextWeights, json => ClipTextConfig.FromJson(json).Build());
        Network("text_encoder_2", TextWeights, json => ClipTextConfig.FromJson(json).Build(projection: true));
        // As published: CLIP's own towers are padded with the end token, OpenCLIP's with the first.
        string padding = (string?)files["text_encoder"]?["hidden_act"] == "gelu" ? "!" : BpeVocabulary.EndToken;
        if (files.ContainsKey("text_encoder"))
            new ClipTokenizerFiles(TinyModels.Vocabulary, Tokens, padding).Save(Path.Combine(folder, "tokenizer"));
        if (files.ContainsKey("text_encoder_2"))
            new ClipTokenizerFiles(TinyModels.Vocabulary, Tokens, "!").Save(Path.Combine(folder, "tokenizer_2"));
        Json(Path.Combine("scheduler", "scheduler_config.json"), files["scheduler"]!);
        Json("model_index.json", files["model_index"]!);

        void Network(string name, string weights, Func<string, nn.Module> build)
        {
            if (files[name] is not { } config) return;
            using nn.Module network = build(config.ToJsonString());
            FormulaWeights.Fill(network);
            Json(Path.Combine(name, "config.json"), config);
            StateDict.Save(network, Path.Combine(folder, name, weights + suffix), type);
        }

        void Json(string path, JsonNode content)
        {
            path = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            System.IO.File.WriteAllText(path, content.ToJsonString());
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void ShrinkUNet(JsonObject unet, int context)
    {
        int blocks = unet["block_out_channels"]!.AsArray().Count;
        unet["block_out_channels"] = new JsonArray([.. Enumerable.Range(0, blocks).Select(i => (JsonNode)(i == 0 ? 32 : 64))]);
        if (unet["attention_head_dim"] is JsonArray)
            unet["attention_head_dim"] = new JsonArray([.. Enumerable.Range(0, blocks).Select(i => (JsonNode)(i == 0 ? 1 : 2))]);
        unet["cross_attention_dim"] = context;
        unet["sample_size"] = 8;
        foreach (string option in (string[])["transformer_layers_per_block", "reverse_transformer_layers_per_block"])
            if (unet[option] is { } depths) unet[option] = AtMost(depths, 3);
        if (unet["addition_embed_type"] is null) return;
        int numbers = (int)unet["projection_class_embeddings_input_dim"]! == 2560 ? 5 : 6;
        unet["addition_time_embed_dim"] = 8;
        unet["projection_class_embeddings_input_dim"] = Text2 + numbers * 8;
    }

    private static JsonNode AtMost(JsonNode value, int most) =>
        value is JsonArray list ? new JsonArray([.. list.Select(item => AtMost(item!, most))]) : Math.Min((int)value, most);

    private static void ShrinkText(JsonObject text, int width)
    {
        (text["hidden_size"], text["intermediate_size"], text["projection_dim"]) = (width, 2 * width, width);
        (text["num_attention_heads"], text["num_hidden_layers"]) = (2, 2);
        (text["vocab_size"], text["max_position_embeddings"]) = (Vocabulary, Tokens);
    }
}
