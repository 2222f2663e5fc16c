using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Models;
using LatentDiffusion.Tests.Prompting;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>A folder for each transformer family with tiny networks, text encoders and tokenizers included.</summary>
public sealed class TransformerFolders : IDisposable
{
    /// <summary>Names of the families.</summary>
    public static readonly string[] Names = ["flux", "flux2", "chroma", "z-image", "sd3"];

    private readonly TemporaryFolder _folder = new();

    /// <summary>The folder of a family, written when it is first asked for.</summary>
    public string this[string family]
    {
        get
        {
            string path = _folder[family];
            if (Directory.Exists(path)) return path;
            using ModelComponents made = Make(family, _folder[$"{family}-tokenizer"]);
            DiffusersFolder.Write(made, path);
            return path;
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The components of a family, with weights by formula.</summary>
    /// <param name="family">Its name.</param>
    /// <param name="folder">Where its tokenizer is written to.</param>
    internal static ModelComponents Make(string family, string folder)
    {
        if (family == "sd3") return TinySD3.MakeWithTexts("sd3.5-medium", folder);
        ModelComponents networks = TinyTransformers.Create(family, TextWidth(family));
        var made = new ModelComponents(networks.Family, networks.PipelineClass, networks.Scheduler)
        {
            [ComponentNames.Transformer] = networks[ComponentNames.Transformer],
            [ComponentNames.Autoencoder] = networks[ComponentNames.Autoencoder],
            [ComponentNames.TextEncoder] = family switch
            {
                "flux" => Clip(),
                "chroma" => T5(),
                _ => Qwen3(family),
            },
            [ComponentNames.Tokenizer] = family switch
            {
                "flux" => new ClipTokenizerFiles(TinyModels.Vocabulary, 16, BpeVocabulary.EndToken),
                "chroma" => T5Tokenizer(folder),
                _ => Qwen3Tokenizer(folder),
            },
            [ComponentNames.TextEncoder2] = family == "flux" ? T5() : null,
            [ComponentNames.Tokenizer2] = family == "flux" ? T5Tokenizer(folder) : null,
        };
        foreach (string name in (string[])[ComponentNames.TextEncoder, ComponentNames.TextEncoder2])
            if (made[name] is nn.Module network) FormulaWeights.Fill(network);
        return made;
    }

    /// <summary>FLUX.2 reads three layers side by side.</summary>
    private static int TextWidth(string family) => family == "flux2" ? 3 * Qwen3Width : TinyTransformers.TextWidth;

    private const int Qwen3Width = 8;

    private static ClipTextModel Clip() => new ClipTextConfig
    {
        VocabSize = 20, HiddenSize = TinyTransformers.PooledWidth, IntermediateSize = 24, NumHiddenLayers = 2, NumAttentionHeads = 1,
        MaxPositionEmbeddings = 16, EosTokenId = 2,
    }.Build();

    private static T5EncoderModel T5() => (TinyTextEncoders.T5Config with { DModel = TinyTransformers.TextWidth }).Build();

    // As many layers as the family reads.
    private static Qwen3Model Qwen3(string family) => (TinyTextEncoders.Qwen3Config with
    {
        HiddenSize = family == "flux2" ? Qwen3Width : TinyTransformers.TextWidth, NumHiddenLayers = family == "flux2" ? 28 : 3,
    }).Build();

    private static TextTokenizerFiles T5Tokenizer(string folder)
    {
        TinyTextEncoders.WriteT5(folder);
        return TextTokenizerFiles.Open(folder);
    }

    private static TextTokenizerFiles Qwen3Tokenizer(string folder)
    {
        TinyTextEncoders.WriteQwen3(folder);
        return TextTokenizerFiles.Open(folder);
    }
}
