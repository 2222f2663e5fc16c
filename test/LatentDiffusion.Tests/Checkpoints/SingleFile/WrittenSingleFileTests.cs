using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Models that the library writes as one file.</summary>
public sealed class WrittenSingleFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => [.. TinyModels.Families, .. TinyModels.Distilled];

    [Theory, MemberData(nameof(Families))]
    public void A_written_file_has_the_original_names_and_reads_back_the_same(string family)
    {
        using ModelComponents made = TinyModels.Make(family);
        SingleFileCheckpoint.Write(made, _folder["model.safetensors"]);
        LdmWriter.Write(made, _folder["expected.safetensors"]);
        using (SafetensorsFile file = SafetensorsFile.Open(_folder["model.safetensors"]))
        using (SafetensorsFile expected = SafetensorsFile.Open(_folder["expected.safetensors"]))
        {
            // The tower of 2.x has a last layer and a projection in published files, which no pipeline reads.
            string[] unread = [".resblocks.2.", ".logit_scale", "cond_stage_model.model.text_projection"];
            Assert.Equal(
                expected.Entries.Select(Shape).Where(name => !unread.Any(part => name.Contains(part, StringComparison.Ordinal))).Order(),
                file.Entries.Where(entry => entry.Name != "v_pred").Select(Shape).Order());
            foreach (TensorEntry entry in expected.Entries.Where(entry => file.Find(entry.Name) is not null))
                Assert.True(expected.Read(entry.Name).equal(file.Read(entry.Name)).all().item<bool>(), entry.Name);
        }

        using ModelComponents read = SingleFileCheckpoint.Read(
            _folder["model.safetensors"], model: new SingleFileOptions { Vocabulary = TinyModels.Vocabulary });
        ModelAssert.SameNetworks(made, read);
        Assert.Equal(made.Scheduler.ToJson(), read.Scheduler.ToJson());
        Assert.Equal(made.PipelineClass, read.PipelineClass);

        static string Shape(TensorEntry entry) => $"{entry.Name} [{string.Join(", ", entry.Shape)}]";
    }

    [Fact]
    public void A_schedule_without_signal_at_its_end_is_in_the_file()
    {
        using ModelComponents plain = TinyModels.Make("xl");
        ModelComponents made = plain.With(
            "unet", plain.UNet, plain.Scheduler.With("prediction_type", "v_prediction").With("rescale_betas_zero_snr", true));
        SingleFileCheckpoint.Write(made, _folder["model.safetensors"], ScalarType.Float16);
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["model.safetensors"]);
        Assert.Equal(PredictionType.Velocity, DiffusionProcess.FromConfig(read.Scheduler).PredictionType);
        Assert.Contains("\"rescale_betas_zero_snr\": true", read.Scheduler.ToJson(), StringComparison.Ordinal);
        Assert.All(read.UNet.parameters(), parameter => Assert.Equal(ScalarType.Float16, parameter.dtype));
    }

    [Fact]
    public void What_a_file_cannot_say_is_refused()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        ModelComponents sample = made.With(
            "unet", made.UNet, made.Scheduler.WithClass("DDIMScheduler").With("prediction_type", "sample"));
        Assert.Contains("predicts Sample", Refused(sample), StringComparison.Ordinal);
        using ModelComponents tiny = TinyModels.Make("sd1-taesd");
        Assert.Contains("AutoencoderTiny", Refused(tiny), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["a.safetensors"]));

        string Refused(ModelComponents model) =>
            Assert.Throws<NotSupportedException>(() => SingleFileCheckpoint.Write(model, _folder["a.safetensors"])).Message;
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }
}
