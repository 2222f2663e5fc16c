using System.Text.RegularExpressions;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>The separate files that the page of families names for each open as it shows, with small models in their place.</summary>
public sealed partial class DocumentedFilesTests(LayoutFiles files) : IClassFixture<LayoutFiles>
{
    private const int MostLines = 6;

    /// <summary>What the name of each transformer begins with, and the model that is in its place.</summary>
    private static readonly Dictionary<string, string> s_models = new()
    {
        ["sd3.5_"] = "sd3.5-medium", ["flux1-"] = "flux-dev", ["flux-2-klein"] = "flux2-klein", ["z_image_turbo"] = "z-image-turbo",
        ["Chroma1"] = "chroma",
    };

    /// <summary>The examples of the page, by the names of their transformers.</summary>
    private static readonly Dictionary<string, string> s_examples = Code().Matches(File.ReadAllText(
            Path.Combine(BuildSettings.Get("RepositoryRoot"), "docs", "model-families.md")).ReplaceLineEndings("\n"))
        .Select(match => match.Groups[1].Value).Where(code => code.Contains(nameof(ModelFiles), StringComparison.Ordinal))
        .ToDictionary(code => Texts(code, nameof(ModelFiles.Transformer)).Single());

    public static TheoryData<string> Transformers => [.. s_examples.Keys];

    [Fact]
    public void Every_family_has_an_example() => Assert.Equal(s_models.Values.Order(), s_examples.Keys.Select(ModelOf).Order());

    [Theory, MemberData(nameof(Transformers))]
    public void The_example_draws_the_image_of_the_model_folder(string name)
    {
        string code = s_examples[name], model = ModelOf(name);
        Assert.InRange(Statements(code), 2, MostLines);
        Assert.Single(Texts(code, nameof(ModelFiles.Tokenizers)));
        string[] autoencoder = Texts(code, nameof(ModelFiles.Autoencoder)), texts = Texts(code, nameof(ModelFiles.TextEncoders));
        string root = files[$"documented {name}"];
        Directory.CreateDirectory(root);
        using (DisposeScope scope = NewDisposeScope())
        using (ModelComponents components = files.MakeComponents(model))
        {
            Dictionary<string, Tensor> transformer = PublishedNames.Original(components.Get<nn.Module>(ComponentNames.Transformer));
            var latents = PublishedNames.Original(components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));
            if (autoencoder is [var file]) Write(file, latents);
            else transformer = WithPrefix("model.diffusion_model.", transformer).Concat(WithPrefix("vae.", latents)).ToDictionary();
            Write(name, transformer);
            foreach (string text in texts) Write(text, Text(components, text));
        }

        byte[] expected = files.ImageOf(model);
        Assert.Equal(expected, LayoutFiles.Draw(new DiffusionPipelineBuilder().UseDevice(CPU).UseModelFiles(new ModelFiles
        {
            Transformer = Path.Combine(root, name), Autoencoder = autoencoder is [var only] ? Path.Combine(root, only) : null,
            TextEncoders = [.. texts.Select(text => Path.Combine(root, text))], Tokenizers = [files[model]],
        })));

        void Write(string file, Dictionary<string, Tensor> tensors)
        {
            string path = Path.Combine(root, file);
            if (file.EndsWith(".gguf", StringComparison.Ordinal)) GgufWriter.Write(path, tensors, GgufType.F32);
            else SafetensorsWriter.Write(path, tensors);
        }
    }

    private static string ModelOf(string transformer) =>
        s_models.Single(model => transformer.StartsWith(model.Key, StringComparison.Ordinal)).Value;

    private static Dictionary<string, Tensor> Text(ModelComponents components, string file) => components.Get<nn.Module>(
        components.Names.Single(component => component.StartsWith(ComponentNames.TextEncoder, StringComparison.Ordinal) && file.StartsWith(
            components[component] switch
            {
                T5EncoderModel => "t5xxl",
                Qwen3Model => "qwen_3",
                _ => component == ComponentNames.TextEncoder2 ? "clip_g" : "clip_l",
            },
            StringComparison.Ordinal))).state_dict();

    private static IEnumerable<KeyValuePair<string, Tensor>> WithPrefix(string prefix, Dictionary<string, Tensor> tensors) =>
        tensors.Select(tensor => KeyValuePair.Create(prefix + tensor.Key, tensor.Value));

    /// <summary>How many lines an example has, without its using directives.</summary>
    private static int Statements(string code) => code.Split('\n').Count(line => line.Length > 0 && !line.StartsWith("using Latent"));

    /// <summary>The texts of a property in a snippet.</summary>
    private static string[] Texts(string code, string property)
    {
        string value = Regex.Match(code, $@"\b{property} = (\[[^\]]*\]|""[^""]*"")").Groups[1].Value;
        return [.. Regex.Matches(value, "\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex("```csharp\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Code();
}
