using System.Collections.Immutable;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Models;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Model folders with small networks, under the names of the models they stand in for.</summary>
internal static class StandInModels
{
    // A latent is 32 pixels wide in place of 8 or 16: images of 1024 pixels have few tokens.
    private const int Levels = 6;

    private const string Down = "DownEncoderBlock2D", Up = "UpDecoderBlock2D";

    private const string Fp16 = "fp16", OneOfTheFamily = "stable-diffusion-v1-5";

    private static readonly Dictionary<string, string> s_transformers = new()
    {
        ["FLUX.1-dev"] = "flux-dev", ["FLUX.1-schnell"] = "flux-schnell", ["FLUX.2-klein-4B"] = "flux2-klein",
        ["Z-Image-Turbo"] = "z-image-turbo", ["Chroma1-HD"] = "chroma", ["stable-diffusion-3.5-medium"] = "sd3.5-medium",
    };

    /// <summary>Names that stand for a model of the reader.</summary>
    private static readonly string[] s_own = ["model", "stable-diffusion"];

    public static Dictionary<string, Action<StandIn>> Table { get; } = new(
    [
        .. PublishedFolders.Names.Concat(s_own).Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteStableDiffusion)),
        .. s_transformers.Keys.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteTransformer)),
        new("fine-tuned", WriteFineTuned), new("instruct-pix2pix", WriteEditing),
    ]);

    /// <summary>The folder of the first model that a snippet names; the shipped model's if it names none.</summary>
    public static string FolderOf(StandIn part)
    {
        string? model = part.Names.FirstOrDefault(Table.ContainsKey);
        if (model is null) return Path.Combine(AppContext.BaseDirectory, "models", "drawings");
        return part.Made(model, path => Table[model](part with { Path = path, Texts = [model] }));
    }

    /// <summary>The networks of a transformer's model, which the caller disposes.</summary>
    /// <param name="name">Its name in <see cref="PublishedModel"/>.</param>
    /// <param name="tokenizers">A folder for its tokenizers.</param>
    /// <param name="channels">Channels of its autoencoder. Files of autoencoders do not say how many groups it normalises: 32.</param>
    public static ModelComponents Make(string name, string tokenizers, int channels = 32)
    {
        ModelComponents made = PublishedModel.Make(name, tokenizers);
        if (made[ComponentNames.Transformer] is SD3Transformer2DModel small)
        {
            // Skip-layer guidance leaves out the layers 7, 8 and 9.
            SD3Transformer2DModel tall = (small.Config with { NumLayers = 10 }).Build();
            FormulaWeights.Fill(tall);
            made = made.With(ComponentNames.Transformer, tall);
            small.Dispose();
        }

        var shallow = made.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        nn.Module deep = shallow switch
        {
            AutoencoderKLFlux2 flux2 => (flux2.Config with
            {
                BlockOutChannels = Each(channels, Levels - 1),
                DownBlockTypes = Each(Down, Levels - 1), UpBlockTypes = Each(Up, Levels - 1),
                LayersPerBlock = 1, NormNumGroups = Math.Min(channels, 32),
            }).Build(),
            var other => (((AutoencoderKL)other).Config with
            {
                BlockOutChannels = Each(channels, Levels), DownBlockTypes = Each(Down, Levels), UpBlockTypes = Each(Up, Levels),
                LayersPerBlock = 1, NormNumGroups = Math.Min(channels, 32),
            }).Build(),
        };
        FormulaWeights.Fill(deep);
        deep.eval();
        shallow.Dispose();
        return made.With(ComponentNames.Autoencoder, deep);

        static ImmutableArray<T> Each<T>(T value, int levels) => [.. Enumerable.Repeat(value, levels)];
    }

    private static void WriteTransformer(StandIn folder) => folder.Copy(folder.Name, path =>
    {
        using ModelComponents model = Make(s_transformers[folder.Name], folder.Made($"{folder.Name} tokenizers", _ => { }), channels: 4);
        DiffusersFolder.Write(model, path);
    });

    private static void WriteEditing(StandIn folder) => folder.Copy(folder.Name, path =>
    {
        JsonObject files = PublishedFolders.Shrunk(OneOfTheFamily);
        files["unet"]!["in_channels"] = 8;
        files["model_index"]!["_class_name"] = "StableDiffusionInstructPix2PixPipeline";
        PublishedFolders.Write(files, path);
    });

    private static void WriteFineTuned(StandIn folder)
    {
        StandIn original = folder with { Texts = [OneOfTheFamily] };
        string lora = folder.Made("fine-tuning.safetensors", path => StandInAdapters.WriteLora(original with { Path = path }));
        using DiffusionModel model = DiffusionModel.Open(FolderOf(original));
        model.SetLoras((lora, 1));
        model.Save(folder.Path);
    }

    private static void WriteStableDiffusion(StandIn folder)
    {
        string model = s_own.Contains(folder.Name) ? OneOfTheFamily : folder.Name;
        string? variant = folder.Texts.Contains(Fp16) ? Fp16 : null;
        folder.Copy($"{model} {variant}", path => PublishedFolders.Write(PublishedFolders.Shrunk(model), path, variant));
    }
}
