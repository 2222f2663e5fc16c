using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Networks;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Small models of the transformer families, of the configurations in the reference files.</summary>
internal static class TinyTransformers
{
    public const int TextWidth = 20, PooledWidth = 12;

    private static readonly Dictionary<string, (ModelFamily Family, string Transformer, string Autoencoder)> s_models = new()
    {
        ["flux"] = (ModelFamilies.Flux, "flux-dev-tiny", "flux-image"),
        ["flux2"] = (ModelFamilies.Flux2, "flux2-klein-tiny", "flux2-image"),
        ["chroma"] = (ModelFamilies.Chroma, "chroma-tiny", "flux-image"),
        ["z-image"] = (ModelFamilies.ZImage, "zimage-tiny", "zimage-image"),
    };

    /// <summary>Names of the models.</summary>
    public static IEnumerable<string> Names => s_models.Keys;

    /// <summary>A model with weights by formula.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="textWidth">Width of the hidden states that it reads.</param>
    public static ModelComponents Create(string name, int textWidth = TextWidth)
    {
        (ModelFamily family, _, string autoencoder) = s_models[name];
        JsonNode of = Case("pipelines.json", autoencoder)["autoencoder"]!;
        string config = of["config"]!.ToJsonString();
        nn.Module vae = (string)of["model"]! == nameof(AutoencoderKLFlux2)
            ? AutoencoderKLFlux2Config.FromJson(config).Build()
            : AutoencoderKLConfig.FromJson(config).Build();
        nn.Module transformer = Transformer(name, textWidth: textWidth);
        foreach (nn.Module network in new[] { vae, transformer })
        {
            FormulaWeights.Fill(network);
            network.eval();
        }

        SchedulerConfig scheduler = SchedulerConfig.Empty.With("shift", 3.0).WithClass(FlowMatchEulerScheduler.ClassName);
        return new ModelComponents(family, family.PipelineClasses[0], scheduler)
        {
            [ComponentNames.Transformer] = transformer, [ComponentNames.Autoencoder] = vae,
        };
    }

    /// <summary>FLUX.2 dev, whose transformer reads the guidance scale.</summary>
    /// <param name="textWidth">Width of the hidden states that it reads.</param>
    public static ModelComponents CreateDev(int textWidth)
    {
        using ModelComponents klein = Create("flux2");
        JsonNode config = Case("transformers.json", "flux2-dev-tiny")["config"]!.DeepClone();
        config["joint_attention_dim"] = textWidth;
        Flux2Transformer2DModel transformer = Flux2TransformerConfig.FromJson(config.ToJsonString()).Build();
        var autoencoder = klein.Get<AutoencoderKLFlux2>(ComponentNames.Autoencoder).Config.Build();
        FormulaWeights.Fill(transformer);
        FormulaWeights.Fill(autoencoder);
        return new ModelComponents(ModelFamilies.Flux2, Flux2Published.DevPipeline, klein.Scheduler)
        {
            [ComponentNames.Transformer] = transformer, [ComponentNames.Autoencoder] = autoencoder,
        };
    }

    /// <summary>The transformer of a model, without values.</summary>
    public static nn.Module Transformer(string name, Device? device = null, int textWidth = TextWidth)
    {
        JsonNode reference = Case("transformers.json", s_models[name].Transformer);
        JsonNode config = reference["config"]!.DeepClone();
        config[config["cap_feat_dim"] is null ? "joint_attention_dim" : "cap_feat_dim"] = textWidth;
        return ReferenceTransformer.All[(string)reference["model"]!].Build(config.ToJsonString(), device);
    }

    /// <summary>The input of a denoiser.</summary>
    /// <param name="denoiser">The denoiser.</param>
    public static DenoiserInput Input(ITrainableDenoiser denoiser) => new()
    {
        Latents = FormulaWeights.Input("latents", [2, denoiser.Description.LatentChannels, 4, 4]),
        Timesteps = [900, 100],
        Conditioning = new Conditioning(
            FormulaWeights.Input("text", [2, 5, TextWidth]), FormulaWeights.Input("pooled", [2, PooledWidth])),
    };

    private static JsonNode Case(string file, string name) =>
        ReferenceFiles.Read(file)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
}
