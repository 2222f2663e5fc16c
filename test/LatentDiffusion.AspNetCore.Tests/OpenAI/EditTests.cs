using System.Text.Json;
using LatentDiffusion.Jobs;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>What requests with images become.</summary>
public class EditTests
{
    [Fact]
    public async Task Images_and_masks_become_inputs_of_the_request()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using MultipartFormDataContent form = Form(("image", TestImages.Png(24, 16)), ("mask", TestImages.LeftTransparent(24, 16)));
        GenerationRequest request = await AcceptedAsync(server, "edits", form);

        Assert.Equal(TestImages.Gradient(24, 16).Rgb.ToArray(), request.InitialImage!.Rgb.ToArray());
        Assert.Equal([255, 0], [request.Mask!.Rgb[0], request.Mask.Rgb[^1]]);
        Assert.Equal((1, 24, 16), (request.Strength, request.Width, request.Height));
    }

    [Fact]
    public async Task An_image_with_erased_parts_is_its_own_mask()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using MultipartFormDataContent form = Form(("image", TestImages.LeftTransparent(16, 16)));
        GenerationRequest request = await AcceptedAsync(server, "edits", form);

        Assert.Equal([255, 0], [request.Mask!.Rgb[0], request.Mask.Rgb[^1]]);
    }

    [Fact]
    public async Task Further_images_are_references_and_settings_are_read()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using MultipartFormDataContent form = Form(
            ("image[]", TestImages.Png(16, 16)), ("image[]", TestImages.Png(24, 24)), ("control_images", TestImages.Png(8, 8)));
        form.Add(new StringContent("0.25"), "strength");
        form.Add(new StringContent("2"), "n");
        form.Add(new StringContent("12x20"), "size");
        form.Add(new StringContent("""{"mask_padding": 4}"""), "inpainting");
        GenerationRequest request = await AcceptedAsync(server, "edits", form);

        Assert.Equal(24, Assert.Single(request.ReferenceImages!).Width);
        Assert.Equal(8, Assert.Single(request.ControlImages!).Width);
        Assert.Equal((0.25, 2, 12, 20), (request.Strength, request.ImageCount, request.Width, request.Height));
        Assert.Equal(4, request.Inpainting!.MaskPadding);
    }

    [Fact]
    public async Task Sizes_that_models_cannot_generate_are_rounded()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using MultipartFormDataContent form = Form(("image", TestImages.Png(101, 7)));
        GenerationRequest request = await AcceptedAsync(server, "edits", form);

        Assert.Equal((96, 16), (request.Width, request.Height));
    }

    [Fact]
    public async Task Variations_keep_most_of_the_image()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using var form = new MultipartFormDataContent { { new ByteArrayContent(TestImages.Png(16, 16)), "image", "image.png" } };
        GenerationRequest request = await AcceptedAsync(server, "variations", form);

        Assert.Equal(("", 0.6, 16), (request.Prompt, request.Strength, request.InitialImage!.Width));
    }

    [Theory]
    [InlineData("image", "missing_required_parameter")]
    [InlineData("mask", "invalid_value")]
    [InlineData("opaque", "invalid_value")]
    [InlineData("bytes", "invalid_image_file")]
    [InlineData("pixels", "invalid_value")]
    [InlineData("file", "unknown_parameter")]
    [InlineData("text", "invalid_type")]
    [InlineData("twice", "invalid_value")]
    [InlineData("masks", "invalid_value")]
    public async Task Wrong_forms_are_refused(string wrong, string code)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumInputPixels = 1024);
        (byte[] image, byte[] mask) = (TestImages.Png(16, 16), TestImages.LeftTransparent(16, 16));
        using MultipartFormDataContent form = wrong switch
        {
            "image" => Form(("mask", mask)),
            "mask" => Form(("image", image), ("mask", TestImages.LeftTransparent(16, 24))),
            "opaque" => Form(("image", image), ("mask", image)),
            "bytes" => Form(("image", [1, 2, 3])),
            "pixels" => Form(("image", TestImages.Png(33, 32))),
            "file" => Form(("image", image), ("other", image)),
            "masks" => Form(("image", image), ("mask", mask), ("mask", mask)),
            _ => Form(("image", image)),
        };
        if (wrong == "text") form.Add(new StringContent("text"), "image");
        if (wrong == "twice") form.Add(new StringContent("again"), "prompt");
        using HttpResponseMessage response = await server.Client.PostAsync("v1/images/edits", form);

        Assert.Equal(code, (await response.ReadErrorAsync(400)).GetProperty("code").GetString());
        Assert.False(server.Queue.Added.TryRead(out _));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("text/plain")]
    public async Task Bodies_that_are_not_forms_are_refused(string type)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using var content = new StringContent("""{"prompt": "a"}""");
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using HttpResponseMessage response = await server.Client.PostAsync("v1/images/edits", content);

        JsonElement error = await response.ReadErrorAsync(400);
        Assert.Contains(error.GetProperty("code").GetString(), new[] { "invalid_content_type", "invalid_form" });
    }

    [Fact]
    public async Task Models_of_other_processes_are_asked_whether_they_read_references()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        var jobs = new List<ImageJob>();
        server.Queue.Script = (job, _) => RefuseReferences(server.Queue, job);
        for (int i = 0; i < 2; i++)
        {
            using MultipartFormDataContent form = Form(("image", TestImages.Png(16, 16)));
            using HttpResponseMessage response = await server.Client.PostAsync("v1/images/edits", form);
            Assert.Equal(200, (int)response.StatusCode);
        }

        while (server.Queue.Added.TryRead(out ImageJob? job)) jobs.Add(job);
        Assert.Equal([true, false, false], jobs.Select(job => job.Request.ReferenceImages is not null));
        Assert.Equal(3, jobs.Select(job => job.Id).Distinct().Count());
    }

    [Fact]
    public async Task Models_that_read_references_get_all_images()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = (job, _) => Complete(server.Queue, job);
        using MultipartFormDataContent form = Form(("image[]", TestImages.Png(16, 16)), ("image[]", TestImages.Png(24, 24)));
        GenerationRequest request = await AcceptedAsync(server, "edits", form);

        Assert.Equal([16, 24], request.ReferenceImages!.Select(image => image.Width));
        Assert.Null(request.InitialImage);
    }

    private static async IAsyncEnumerable<JobStatus> RefuseReferences(ScriptedQueue queue, ImageJob job)
    {
        var error = new JobError(JobErrorKind.InvalidRequest, "No references.", nameof(GenerationRequest.ReferenceImages));
        yield return job.Request is { ReferenceImages: not null, InitialImage: null }
            ? ScriptedQueue.Status(job, JobState.Failed) with { Error = error }
            : await queue.CompleteAsync(job);
    }

    private static async IAsyncEnumerable<JobStatus> Complete(ScriptedQueue queue, ImageJob job)
    {
        yield return await queue.CompleteAsync(job);
    }

    private static MultipartFormDataContent Form(params (string Field, byte[] File)[] files)
    {
        var form = new MultipartFormDataContent { { new StringContent("a fox"), "prompt" } };
        foreach ((string field, byte[] file) in files) form.Add(new ByteArrayContent(file), field, "image.png");
        return form;
    }

    private static async Task<GenerationRequest> AcceptedAsync(ScriptedServer server, string endpoint, MultipartFormDataContent form)
    {
        server.Queue.Script ??= (job, _) => RefuseReferences(server.Queue, job);
        using HttpResponseMessage response = await server.Client.PostAsync($"v1/images/{endpoint}", form);
        Assert.True((int)response.StatusCode == 200, await response.Content.ReadAsStringAsync());
        ImageJob? accepted = null;
        while (server.Queue.Added.TryRead(out ImageJob? job)) accepted = job;
        return accepted!.Request;
    }
}
