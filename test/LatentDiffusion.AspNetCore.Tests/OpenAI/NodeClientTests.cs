using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>
/// The client of the npm package <c>openai</c>, as it is published. Runs where the environment variable OPENAI_NODE_FOLDER names a folder
/// with the package.
/// </summary>
public class NodeClientTests(DrawingsServer server)
{
    private const string Variable = "OPENAI_NODE_FOLDER";

    // One line for each event, and one for the error of a wrong request.
    private const string Script =
        """
        import OpenAI, { toFile } from 'openai';
        import { readFileSync } from 'node:fs';
        const client = new OpenAI({ apiKey: process.env.KEY, baseURL: process.env.ADDRESS, maxRetries: 0 });
        const fields = { model: 'drawings', prompt: 'a red fox', stream: true, partial_images: 2, steps: 20, seed: 5 };
        const print = e => console.log(JSON.stringify({ type: e.type, index: e.partial_image_index, size: e.size,
          format: e.output_format, bytes: Buffer.from(e.b64_json, 'base64').length, usage: e.usage }));
        for await (const e of await client.images.generate(fields)) print(e);
        const image = await toFile(readFileSync(process.env.IMAGE), 'image.png', { type: 'image/png' });
        for await (const e of await client.images.edit({ ...fields, image })) print(e);
        try { await client.images.generate({ ...fields, size: '63x64' }); }
        catch (e) { console.log(JSON.stringify({ type: e.constructor.name, status: e.status, param: e.param })); }
        """;

    [Fact]
    public async Task Partial_images_are_streamed_to_the_client_of_npm()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        if (folder is null) Assert.Skip($"{Variable} does not name a folder with the npm package openai.");
        string image = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(image, TestImages.Png(64, 64));
            JsonElement[] lines = await RunAsync(folder, image);

            string?[] types = [.. lines.Select(Type)];
            Assert.Single(types, "image_generation.completed");
            Assert.Equal(["image_edit.completed", "BadRequestError"], types.TakeLast(2));
            // Of a busy machine, a preview may be skipped.
            Assert.InRange(types.Count(type => type == "image_generation.partial_image"), 1, 2);
            Assert.InRange(types.Count(type => type == "image_edit.partial_image"), 1, 2);
            Assert.Equal((400, "size"), (lines[^1].GetProperty("status").GetInt32(), Text(lines[^1], "param")));
        }
        finally
        {
            File.Delete(image);
        }
    }

    private async Task<JsonElement[]> RunAsync(string folder, string image)
    {
        var start = new ProcessStartInfo("node", ["--input-type=module", "-e", Script])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["ADDRESS"] = new Uri(server.Address, "v1").ToString();
        start.Environment["KEY"] = RunningServer.Key;
        start.Environment["IMAGE"] = image;
        using Process node = Process.Start(start)!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(node.ExitCode == 0, await errors);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }

    private static string? Type(JsonElement line) => Text(line, "type");

    private static string? Text(JsonElement line, string property) => line.GetProperty(property).GetString();
}
