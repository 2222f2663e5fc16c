using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>
/// Files whose weights have few bits draw the image of a model with the values that these weights stand for, exactly where they are
/// expanded, and within rounding where they stay as they are stored.
/// </summary>
public sealed class QuantizedLayoutTests(LayoutFiles files) : IClassFixture<LayoutFiles>
{
    /// <summary>Products with weights as stored add up in another order.</summary>
    private const int Rounding = 1;

    public static TheoryData<string, string> Models
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string model in PublishedModel.Names) data.Add(model, "Q8_0");
            data.Add(PublishedModel.Wide, "Q8_0");
            data.Add(PublishedModel.Wide, "Q4_K");
            return data;
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Blocks_draw_the_image_of_the_values_that_they_stand_for(string model, string type)
    {
        GgufType matrices = GgufType.All.Single(known => known.ToString() == type);
        ModelFiles original = files.WriteGguf(model, "gguf", matrices), named = files.WriteGguf(model, "gguf-folder", matrices);
        byte[] expected = Draw(builder => builder.UseModelFolder(WriteExpanded(model, named, type)));
        Assert.NotEqual(files.ImageOf(model), expected);
        Assert.Equal(expected, Draw(builder => builder.UseModelFiles(named)));
        Assert.Equal(expected, Draw(builder => builder.UseModelFiles(original)));
        byte[] stored = Draw(builder => builder.UseModelFiles(original).UseWeightStorage(WeightStorage.AsStored));
        Assert.InRange(Differences(expected, stored).Max(), 0, Rounding);
    }

    [Fact]
    public void Fewer_bits_draw_a_less_similar_image()
    {
        double[] differences =
        [
            .. new[] { GgufType.Q8_0, GgufType.Q4_K }.Select(type => Differences(
                files.ImageOf(PublishedModel.Wide),
                Draw(builder => builder.UseModelFiles(files.WriteGguf(PublishedModel.Wide, "gguf", type)))).Average()),
        ];
        Assert.InRange(differences[0], 0.001, differences[1] / 4);
    }

    [Theory]
    [InlineData("flux-dev", false)]
    [InlineData("flux-dev", true)]
    [InlineData("flux2-klein", true)]
    [InlineData("sd3.5-medium", false)]
    public void Float8_draws_the_image_of_the_values_that_it_stands_for(string model, bool scaled)
    {
        string name = $"float8 {scaled}";
        ModelFiles stored = files.WriteSplit(
            model, name, (path, tensors) => Float8Files.Write(path, tensors, scaled));
        ModelFiles values = files.WriteSplit(model, name, (path, tensors) =>
        {
            var decoded = new Dictionary<string, Tensor>();
            Float8Files.Write(path, tensors, scaled, decoded);
            SafetensorsWriter.Write(path, decoded);
        }, name + " values");
        byte[] expected = Draw(builder => builder.UseModelFiles(values));
        Assert.NotEqual(files.ImageOf(model), expected);
        Assert.Equal(expected, Draw(builder => builder.UseModelFiles(stored)));
        byte[] kept = Draw(builder => builder.UseModelFiles(stored).UseWeightStorage(WeightStorage.AsStored));
        Assert.InRange(Differences(expected, kept).Max(), 0, Rounding);
    }

    /// <summary>Writes a folder whose weights are the values that a model's files stand for.</summary>
    private string WriteExpanded(string model, ModelFiles quantized, string type)
    {
        string folder = files[$"{model} of {type}"];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using ModelComponents components = files.MakeComponents(model);
        Read(quantized.Transformer, components.Get<nn.Module>(ComponentNames.Transformer).state_dict());
        foreach (string path in quantized.TextEncoders)
        {
            nn.Module network = components.Get<nn.Module>(Path.GetFileName(path));
            if (network is not ClipTextModel) Read(path, PublishedNames.LlamaCpp(network));
        }

        DiffusersFolder.Write(components, folder);
        return folder;

        static void Read(string path, Dictionary<string, Tensor> parameters)
        {
            using GgufFile file = GgufFile.Open(path);
            foreach ((string name, Tensor parameter) in parameters) file.ReadInto(name, parameter);
        }
    }

    private static byte[] Draw(Action<DiffusionPipelineBuilder> choose)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseDevice(CPU);
        choose(builder);
        return LayoutFiles.Draw(builder);
    }

    private static IEnumerable<int> Differences(byte[] one, byte[] other) => one.Zip(other, (a, b) => Math.Abs(a - b));
}
