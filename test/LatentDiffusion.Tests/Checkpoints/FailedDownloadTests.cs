using System.Text;
using Xunit;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>The rest of a failed download is reported as such, whatever file it replaces.</summary>
public sealed class FailedDownloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Remainders => new()
    {
        {
            "version https://git-lfs.github.com/spec/v1\n"
            + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 134\n",
            "Git LFS"
        },
        { "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", "HTML" },
        { "\ufeff\n  <HTML lang=\"en\">", "HTML" },
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code></Error>", "XML" },
        { "Entry not found", "error message" },
        { "404: Not Found", "error message" },
        { "{\"error\":\"Unauthorized\",\"message\":\"log in\"}", "error message" },
    };

    [Theory, MemberData(nameof(Remainders))]
    public void Weights_are_named_as_what_they_are(string content, string named)
    {
        foreach (string name in (string[])["model.safetensors", "pytorch_model.bin", "model.ckpt", "model.safetensors.index.json"])
        {
            File.WriteAllText(_folder[name], content);
            var refused = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder[name]).Dispose());
            Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        }

        var exception = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["model.safetensors"]));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Remainders))]
    public void Every_file_of_a_folder_is_named_as_what_it_is(string content, string named)
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["model"]);
        string[] files =
        [
            "model_index.json", "unet/config.json", "vae/diffusion_pytorch_model.safetensors", "text_encoder/config.json",
            "tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer/tokenizer_config.json", "scheduler/scheduler_config.json",
        ];
        foreach (string file in files)
        {
            string path = Path.Combine(_folder["model"], file);
            byte[] before = File.ReadAllBytes(path);
            File.WriteAllText(path, content, new UTF8Encoding(false));
            Exception error = Assert.ThrowsAny<Exception>(() => DiffusersFolder.Read(_folder["model"]).Dispose());
            Assert.True(error is InvalidDataException or CheckpointException, error.ToString());
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains(_folder["model"], error.Message, StringComparison.Ordinal);
            File.WriteAllBytes(path, before);
        }
    }

    public void Dispose() => _folder.Dispose();
}
