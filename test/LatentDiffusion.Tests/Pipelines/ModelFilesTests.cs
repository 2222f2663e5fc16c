using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Sources of models for the builder: folders, single files, variants, precisions, LoRA.</summary>
public sealed class ModelFilesTests(FamilyFolders folders) : IClassFixture<FamilyFolders>, IDisposable
{
    private const string Query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    private const string TextQuery = "text_model.encoder.layers.0.self_attn.q_proj";

    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 3, Steps = 2, Width = 16, Height = 16 };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => [.. TinyModels.Families];

    [Theory, MemberData(nameof(Families))]
    public void A_folder_through_a_pipeline_is_the_same_folder(string family)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders[family]).Build();
        pipeline.Model!.Save(_folder["b"]);
        ModelAssert.SameFiles(folders[family], _folder["b"]);
    }

    [Theory]
    [InlineData("sd1", "tokenizer")]
    [InlineData("sd2", "tokenizer")]
    [InlineData("xl", "tokenizer_2")]
    [InlineData("xl-refiner", "tokenizer_2")]
    public void A_single_file_gives_the_image_of_the_folder(string family, string tokenizer)
    {
        using (ModelComponents made = FamilyFolders.Make(family)) LdmWriter.Write(made, _folder["model.safetensors"]);
        byte[] folder = Draw(new DiffusionPipelineBuilder().UseModelFolder(folders[family]));
        Assert.Equal(
            folder,
            Draw(new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], Path.Combine(folders[family], tokenizer))));
    }

    [Fact]
    public void A_PyTorch_checkpoint_needs_only_a_tokenizer_beside_it()
    {
        using (ModelComponents made = FamilyFolders.Make("sd1")) LdmWriter.Write(made, _folder["model.safetensors"]);
        SaveAsPickle(_folder["model.safetensors"], _folder["model.ckpt"]);
        Assert.Contains(
            "vocab.json",
            Assert.Throws<FileNotFoundException>(() => new DiffusionPipelineBuilder().UseModelFile(_folder["model.ckpt"]).Build()).Message,
            StringComparison.Ordinal);

        TinyModels.Vocabulary.Save(_folder["tokenizer"]);
        Assert.Equal(
            Draw(new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"])),
            Draw(new DiffusionPipelineBuilder().UseModelFile(_folder["model.ckpt"])));
        Assert.Throws<FileNotFoundException>(() => new DiffusionPipelineBuilder().UseModelFile(_folder["other.ckpt"]).Build());
    }

    [Fact]
    public void A_single_file_saved_is_a_folder_that_opens()
    {
        using (ModelComponents made = FamilyFolders.Make("xl")) LdmWriter.Write(made, _folder["model.safetensors"]);
        TinyModels.Vocabulary.Save(_folder["tokenizer"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"]).Build();
        pipeline.Model!.Save(_folder["saved"]);
        Assert.Equal(
            pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray(),
            Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["saved"])));
    }

    [Fact]
    public void A_variant_is_asked_for_by_name()
    {
        using (ModelComponents made = FamilyFolders.Make("sd1")) DiffusersFolder.Write(made, _folder["a"], ScalarType.Float16);
        byte[] plain = Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["a"]));
        foreach (string file in Directory.GetFiles(_folder["a"], "*.safetensors", SearchOption.AllDirectories))
            File.Move(file, Path.ChangeExtension(file, ".fp16.safetensors"));
        Assert.Equal(plain, Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["a"])));
        Assert.Equal(plain, Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["a"], variant: "fp16")));

        using DiffusionModel automatic = DiffusionModel.Open(_folder["a"], CPU, variant: "fp16");
        using DiffusionModel half = DiffusionModel.Open(_folder["a"], CPU, ScalarType.Float16, "fp16");
        Assert.Equal(ScalarType.Float32, automatic.Components!.UNet.parameters().First().dtype);
        Assert.Equal(ScalarType.Float16, half.Components!.UNet.parameters().First().dtype);
        // Half precision overflows in this autoencoder, as its configuration says.
        Assert.All(half.Components!.Autoencoder.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
    }

    [Theory, InlineData("sd1"), InlineData("xl")]
    public void A_pipeline_computes_in_the_precision_asked_for(string family)
    {
        byte[] single = Draw(new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU));
        byte[] wide = Draw(new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU, ScalarType.Float64));
        byte[] narrow = Draw(new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU, ScalarType.BFloat16));
        Assert.All(single.Zip(wide), p => Assert.InRange(p.First - p.Second, -1, 1));
        Assert.NotEqual(single, narrow);
        Assert.InRange(single.Zip(narrow).Average(p => Math.Abs(p.First - p.Second)), 0, 8);
        Assert.Contains(
            "Int32",
            Assert.Throws<ArgumentException>(() => DiffusionModel.Open(folders[family], CPU, ScalarType.Int32)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void LoRAs_apply_together_and_come_off_to_the_byte()
    {
        string one = Lora("one", ("unet." + Query, 32), ("text_encoder." + TextQuery, 64)), two = Lora("two", ("unet." + Query, 32));
        byte[] before = Draw(new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"]));
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["sd1"])
            .UseLora(one, 0.5)
            .UseLora(two, -2)
            .Build();
        byte[] both = Draw(pipeline);
        Assert.NotEqual(before, both);

        using (ModelComponents made = FamilyFolders.Make("sd1"))
        using (DisposeScope scope = NewDisposeScope())
        {
            using SafetensorsFile first = SafetensorsFile.Open(one), second = SafetensorsFile.Open(two);
            Tensor Delta(SafetensorsFile file, string name) =>
                file.Read(name + ".lora_B.weight").matmul(file.Read(name + ".lora_A.weight"));
            Close(
                made.UNet.state_dict()[Query + ".weight"] + 0.5 * Delta(first, "unet." + Query) - 2 * Delta(second, "unet." + Query),
                pipeline.Model!.Components!.UNet.state_dict()[Query + ".weight"]);
            Close(
                made.TextEncoder!.state_dict()[TextQuery + ".weight"] + 0.5 * Delta(first, "text_encoder." + TextQuery),
                pipeline.Model.Components!.TextEncoder!.state_dict()[TextQuery + ".weight"]);
        }

        pipeline.Model.SetLoras((two, -2));
        Assert.Equal(Draw(new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"]).UseLora(two, -2)), Draw(pipeline));
        pipeline.Model.SetLoras();
        Assert.Equal(before, Draw(pipeline));
        pipeline.Model.Save(_folder["saved"]);
        ModelAssert.SameFiles(folders["sd1"], _folder["saved"]);
    }

    [Fact]
    public void Both_towers_of_XL_are_patched()
    {
        string path = Lora("xl", ("text_encoder." + TextQuery, 64), ("text_encoder_2." + TextQuery, 64));
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["xl"]).UseLora(path).Build();
        using ModelComponents made = FamilyFolders.Make("xl");
        ModelComponents patched = pipeline.Model!.Components!;
        foreach ((ClipTextModel before, ClipTextModel after) in new[]
        {
            (made.TextEncoder!, patched.TextEncoder!),
            (made.TextEncoder2!, patched.TextEncoder2!),
        })
        {
            using DisposeScope scope = NewDisposeScope();
            Assert.Equal(
                [TextQuery + ".weight"],
                before.state_dict().Where(p => !p.Value.equal(after.state_dict()[p.Key]).all().item<bool>()).Select(p => p.Key));
        }
    }

    [Fact]
    public void Keys_that_fit_nothing_are_listed()
    {
        string path = Lora("bad", ("unet." + Query, 32), ("unet.nowhere.to_q", 32), ("text_encoder_2." + TextQuery, 64));
        var e = Assert.Throws<CheckpointException>(() =>
            new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"]).UseLora(path).Build());
        Assert.Equal(
            [
                $"text_encoder_2.{TextQuery}.lora_A.weight",
                $"text_encoder_2.{TextQuery}.lora_B.weight",
                "unet.nowhere.to_q.lora_A.weight",
                "unet.nowhere.to_q.lora_B.weight",
            ],
            e.Unexpected.Order(StringComparer.Ordinal));

        // A file that fits nothing leaves the weights as they were.
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["sd1"])
            .UseLora(Lora("good", ("unet." + Query, 32)))
            .Build();
        byte[] before = Draw(pipeline);
        Assert.Throws<CheckpointException>(() => pipeline.Model!.SetLoras((path, 1)));
        Assert.Equal(before, Draw(pipeline));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiffusionPipelineBuilder().UseLora(path, double.NaN));
        Assert.Contains(
            "LoRA",
            Assert.Throws<InvalidOperationException>(() => new DiffusionPipelineBuilder().UseLora(path).Build()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Components_that_contradict_each_other_are_refused()
    {
        Refused("xl-refiner", "requires_aesthetics_score", made =>
            new ModelComponents(ModelFamilies.StableDiffusion, made.PipelineClass, made.Scheduler)
            {
                ["unet"] = made.UNet,
                ["vae"] = made.Autoencoder,
                ["text_encoder_2"] = made.TextEncoder2,
                ["tokenizer_2"] = made.Tokenizer2,
            });
        Refused("xl", "hidden states of width 64", made =>
            new ModelComponents(ModelFamilies.StableDiffusion, made.PipelineClass, made.Scheduler)
            {
                ["unet"] = made.UNet,
                ["vae"] = made.Autoencoder,
                ["text_encoder_2"] = made.TextEncoder2,
                ["tokenizer_2"] = made.Tokenizer2,
            });
        Refused("sd1", "no tokenizer", made =>
            new ModelComponents(ModelFamilies.StableDiffusion, made.PipelineClass, made.Scheduler)
            {
                ["unet"] = made.UNet,
                ["vae"] = made.Autoencoder,
                ["text_encoder"] = made.TextEncoder,
            });

        Refused("sd2", "gives 17 tokens", made =>
            new ModelComponents(ModelFamilies.StableDiffusion, made.PipelineClass, made.Scheduler)
            {
                ["unet"] = made.UNet,
                ["vae"] = made.Autoencoder,
                ["text_encoder"] = made.TextEncoder,
                ["tokenizer"] = made.Tokenizer! with { MaxLength = 17 },
            });
        Refused("sd2", "has the id 20 for 'new'", made =>
            new ModelComponents(ModelFamilies.StableDiffusion, made.PipelineClass, made.Scheduler)
            {
                ["unet"] = made.UNet,
                ["vae"] = made.Autoencoder,
                ["text_encoder"] = made.TextEncoder,
                ["tokenizer"] = made.Tokenizer! with
                {
                    Vocabulary = TinyModels.Vocabulary with
                    {
                        Tokens = new Dictionary<string, int>(TinyModels.Vocabulary.Tokens) { ["new"] = 20 },
                    },
                },
            });

        static void Refused(string family, string message, Func<ModelComponents, ModelComponents> change)
        {
            using ModelComponents made = FamilyFolders.Make(family);
            Assert.Contains(
                message,
                Assert.Throws<InvalidDataException>(() => DiffusionModel.FromComponents(change(made))).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flag_that_is_not_boolean_is_refused()
    {
        using (ModelComponents made = FamilyFolders.Make("xl")) DiffusersFolder.Write(made, _folder["a"]);
        string path = Path.Combine(_folder["a"], "model_index.json");
        string index = File.ReadAllText(path);
        File.WriteAllText(
            path,
            index.Replace("\"force_zeros_for_empty_prompt\": true", "\"force_zeros_for_empty_prompt\": 1", StringComparison.Ordinal));
        var e = Assert.Throws<InvalidDataException>(() => new DiffusionPipelineBuilder().UseModelFolder(_folder["a"]).Build());
        Assert.Contains("force_zeros_for_empty_prompt", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Draw(DiffusionPipeline pipeline) => pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();

    private static byte[] Draw(DiffusionPipelineBuilder builder)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return Draw(pipeline);
    }

    private static void Close(Tensor expected, Tensor actual) => Assert.True(expected.allclose(actual, 1e-6, 1e-6));

    /// <summary>A file in peft's names, of rank 2, for square weights.</summary>
    private string Lora(string name, params (string Module, int Width)[] modules)
    {
        using DisposeScope scope = NewDisposeScope();
        var generator = new Generator(7);
        SafetensorsWriter.Write(_folder[name], modules.SelectMany(m => new[]
        {
            (m.Module + ".lora_A.weight", randn([2, m.Width], generator: generator)),
            (m.Module + ".lora_B.weight", randn([m.Width, 2], generator: generator)),
        }));
        return _folder[name];
    }

    private static void SaveAsPickle(string safetensors, string path)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(safetensors);
        PickleFiles.Write(path, file.Entries.Select(entry => (entry.Name, file.Read(entry.Name))));
    }
}
