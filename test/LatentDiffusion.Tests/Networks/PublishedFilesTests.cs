using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Configuration files of published models are read by their class, and describe networks of the published size.</summary>
public class PublishedFilesTests
{
    private static readonly JsonObject s_configs = ReferenceFiles.Read("published-configs.json");

    public static TheoryData<string> Configs =>
        [
            .. s_configs
                .Select(c => c.Key)
                .Where(name => !name.StartsWith("model-index", StringComparison.Ordinal)
                    && name is not ("unet-11" or "scheduler-unknown-class")),
        ];

    /// <summary>Each network once, by the first model that has it.</summary>
    public static TheoryData<string, string> Networks
    {
        get
        {
            var networks = new TheoryData<string, string>();
            foreach ((string model, string part) in PublishedFolders.Names
                .SelectMany(model => PublishedFolders.Published(model)["parameters"]!.AsObject().Select(p => (model, part: p.Key)))
                .DistinctBy(n => PublishedFolders.Published(n.model)[n.part]!.ToJsonString()))
                networks.Add(model, part);
            return networks;
        }
    }

    [Theory, MemberData(nameof(Configs))]
    public void Every_file_is_read_and_written_as_it_was(string name)
    {
        string json = s_configs[name]!.ToJsonString();
        if (name.StartsWith("scheduler", StringComparison.Ordinal))
        {
            Assert.Equal((string?)s_configs[name]!["_class_name"], NoiseScheduler.FromConfig(json).ToConfig().ClassName);
            return;
        }

        NetworkConfig config = Read(name[..name.LastIndexOf('-')].Replace('-', '_'), json);
        Assert.True(JsonNode.DeepEquals(s_configs[name], JsonNode.Parse(config.ToJson())));
        Assert.Empty(config.IgnoredOptions);
    }

    [Fact]
    public void A_network_of_another_project_is_refused_by_name()
    {
        var error = Assert.Throws<NotSupportedException>(() => UNet2DConditionConfig.FromJson(s_configs["unet-11"]!.ToJsonString()));
        Assert.Contains("MultiViewUNetModel", error.Message, StringComparison.Ordinal);
        Assert.Contains("attention_resolutions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_of_three_dimensions_are_read_and_not_built()
    {
        UNet2DConditionConfig config = UNet2DConditionConfig.FromJson(s_configs["unet-02"]!.ToJsonString());
        Assert.False(config.UpcastAttention);
        Assert.Contains(
            "DownBlock3D",
            Assert.Throws<NotSupportedException>(() => config.BuildUninitialized(META)).Message,
            StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Published_networks_have_the_published_size(string model, string part)
    {
        JsonObject files = PublishedFolders.Published(model);
        NetworkConfig config = Read(part, files[part]!.ToJsonString());
        using nn.Module network = config switch
        {
            UNet2DConditionConfig unet => unet.BuildUninitialized(META),
            AutoencoderKLConfig autoencoder => autoencoder.BuildUninitialized(META),
            _ => ((ClipTextConfig)config).BuildUninitialized(part == "text_encoder_2", META),
        };
        Assert.Equal((long)files["parameters"]![part]!, network.parameters().Sum(p => p.numel()));
    }

    private static NetworkConfig Read(string part, string json) => part switch
    {
        "unet" => UNet2DConditionConfig.FromJson(json),
        "vae" => AutoencoderKLConfig.FromJson(json),
        "controlnet" => ControlNetConfig.FromJson(json),
        _ => ClipTextConfig.FromJson(json),
    };
}
