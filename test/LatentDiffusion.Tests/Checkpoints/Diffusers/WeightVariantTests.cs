using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Which weights of a folder are read.</summary>
public sealed class WeightVariantTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    [Fact]
    public void The_only_variant_is_read_and_logged()
    {
        Write("fp16");
        using ModelComponents read = DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Logger = _log.CreateLogger("a") });
        Assert.Equal(3, _log.Lines.Count(line =>
            line.Level == LogLevel.Information && line.Text.Contains("'fp16'", StringComparison.Ordinal)));
        Checkpoint.OpenComponent(Path.Combine(_folder["a"], "unet")).Dispose();
    }

    [Fact]
    public void Plain_weights_come_before_variants()
    {
        Write("fp16", keep: true);
        using ModelComponents read = DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Logger = _log.CreateLogger("a") });
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Of_several_variants_one_has_to_be_named()
    {
        Write("fp16");
        Write("non_ema");
        string message = Assert.Throws<FileNotFoundException>(() => DiffusersFolder.Read(_folder["a"])).Message;
        Assert.Contains("'fp16', 'non_ema'", message, StringComparison.Ordinal);
        using (DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Variant = "fp16" })) { }
        var missing = new CheckpointOptions { Variant = "bf16" };
        var exception = Assert.Throws<FileNotFoundException>(() => DiffusersFolder.Read(_folder["a"], missing));
        Assert.Contains("bf16", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diffusion_pytorch_model.safetensors.index.fp16.json")]
    [InlineData("diffusion_pytorch_model.fp16.safetensors.index.json")]
    [InlineData("pytorch_model.fp16.bin")]
    public void Every_spelling_of_a_variant_is_found(string name)
    {
        File.WriteAllText(_folder[name], "");
        var error = Record.Exception(() => Checkpoint.OpenComponent(Path.GetDirectoryName(_folder[name])!));
        // The file is found, and is empty.
        Assert.Contains(name, Assert.IsType<CheckpointException>(error).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string variant, bool keep = false)
    {
        using ModelComponents made = TinyModels.Make("sd1");
        DiffusersFolder.Write(made, _folder["b"]);
        foreach (string file in Directory.GetFiles(_folder["b"], "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(_folder["a"], Path.GetRelativePath(_folder["b"], file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            bool weights = file.EndsWith(".safetensors", StringComparison.Ordinal);
            if (weights) File.Copy(file, Path.ChangeExtension(target, $".{variant}.safetensors"), overwrite: true);
            if (!weights || keep) File.Copy(file, target, overwrite: true);
        }
    }
}
