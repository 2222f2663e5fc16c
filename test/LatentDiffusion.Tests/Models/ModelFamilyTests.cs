using LatentDiffusion.Tests.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Which family a folder or file belongs to, and the rules of the registry.</summary>
public sealed class ModelFamilyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Names_and_pipeline_classes_belong_to_one_family()
    {
        IReadOnlyList<ModelFamily> before = ModelFamilies.All;
        ModelFamilies.Register(ModelFamilies.StableDiffusion);
        Assert.Single(ModelFamilies.All, ModelFamilies.StableDiffusion);
        Assert.Contains("'Stable Diffusion'", Refused(new Family("Stable Diffusion", "OtherPipeline")), StringComparison.Ordinal);
        Assert.Contains("StableDiffusionPipeline", Refused(new Family("Other", "StableDiffusionPipeline")), StringComparison.Ordinal);
        Assert.Equal(before, ModelFamilies.All);

        static string Refused(ModelFamily family) => Assert.Throws<ArgumentException>(() => ModelFamilies.Register(family)).Message;
    }

    [Fact]
    public void A_family_of_the_options_is_asked_first()
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        var family = new Family("Other", "StableDiffusionPipeline");
        using ModelComponents read = DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Families = [family] });
        Assert.Same(family, read.Family);
        Assert.Equal([ComponentNames.Autoencoder], read.Names);
    }

    [Fact]
    public void Folders_of_no_family_name_the_known_ones()
    {
        Directory.CreateDirectory(_folder["a"]);
        string index = Path.Combine(_folder["a"], "model_index.json");
        File.WriteAllText(index, """{ "_class_name": "LuminaPipeline", "transformer": ["diffusers", "LuminaNextDiT2DModel"] }""");
        string message = Assert.Throws<NotSupportedException>(() => DiffusersFolder.Read(_folder["a"])).Message;
        foreach (string part in (string[])["LuminaPipeline", "LuminaNextDiT2DModel", "Stable Diffusion (StableDiffusionPipeline"])
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_pipeline_of_a_known_network_is_read()
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        string index = Path.Combine(_folder["a"], "model_index.json");
        string text = File.ReadAllText(index);
        File.WriteAllText(
            index,
            text.Replace("\"StableDiffusionPipeline\"", "[\"community\", \"TilingPipeline\"]", StringComparison.Ordinal));
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        Assert.Equal(("TilingPipeline", ModelFamilies.StableDiffusion), (read.PipelineClass, read.Family));
    }

    [Fact]
    public void Components_are_found_by_name_and_type()
    {
        using ModelComponents made = TinyModels.Make("xl");
        Assert.Same(made["unet"], made.Get<UNet2DConditionModel>("unet"));
        Assert.Null(made.Find<ControlNetModel>("controlnet"));
        Assert.Contains("'controlnet'", Refused(() => made.Get<ControlNetModel>("controlnet")), StringComparison.Ordinal);
        Assert.Contains("AutoencoderKL", Refused(() => made.Find<UNet2DConditionModel>("vae")), StringComparison.Ordinal);
        Assert.True(made.Setting("force_zeros_for_empty_prompt", whenAbsent: false));
        Assert.Equal(7, made.Setting("absent", whenAbsent: 7));
        Assert.Contains("Int32", Refused(() => made.Setting("force_zeros_for_empty_prompt", 7)), StringComparison.Ordinal);

        static string Refused(Func<object?> read) => Assert.Throws<InvalidDataException>(read).Message;
    }

    [Fact]
    public void One_component_can_be_replaced()
    {
        using ModelComponents made = TinyModels.Make("sd1"), other = TinyModels.Make("sd1");
        ModelComponents changed = made.With("unet", other["unet"]!, made.Scheduler.With("prediction_type", "v_prediction"));
        Assert.Same(other["unet"], changed["unet"]);
        Assert.Equal(made.Names, changed.Names);
        Assert.All(made.Names.Except(["unet"]), name => Assert.Same(made[name], changed[name]));
        Assert.Equal("v_prediction", changed.Scheduler.Text("prediction_type"));
    }

    [Fact]
    public void Networks_of_no_family_are_not_written()
    {
        using nn.Module network = nn.Linear(2, 2);
        var error = Assert.Throws<NotSupportedException>(() => DiffusersFolder.WriteNetwork(network, _folder["a"]));
        Assert.Contains("Linear", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["a"]));
    }

    public void Dispose() => _folder.Dispose();

    private sealed class Family(string name, string pipeline) : ModelFamily
    {
        public override string Name => name;

        public override IReadOnlyList<string> PipelineClasses => [pipeline];

        public override IReadOnlyList<ComponentDescription> Components => [new(ComponentNames.Autoencoder, typeof(AutoencoderKL))];

        public override DiffusionModel CreateModel(ModelComponents components, Device device) => throw new NotSupportedException(name);
    }
}
