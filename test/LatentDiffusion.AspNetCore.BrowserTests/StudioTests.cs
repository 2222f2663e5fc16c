using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LatentDiffusion.AspNetCore.BrowserTests;

/// <summary>The page as a person uses it, on a phone and on a desktop.</summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Browser)]
public class StudioTests
{
    [Theory]
    [InlineData(StudioPage.Phone)]
    [InlineData(StudioPage.Desktop)]
    public async Task Generated_images_stay_after_a_reload(int width)
    {
        await using StudioServer server = await StudioServer.StartAsync();
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, width);
        IPage page = studio.Page;
        await Expect(page.GetByText("Nothing here yet")).ToBeVisibleAsync();
        // The job is so short that the test could miss its previews.
        await page.EvaluateAsync(
            """
            () => {
              window.previews = 0;
              new MutationObserver(changes => window.previews += changes.filter(c => c.target.closest?.(".preview")).length)
                .observe(document.getElementById("queue"), { subtree: true, attributes: true, attributeFilter: ["src"] });
            }
            """);
        await studio.GenerateAsync("a blue bird", ("Seed", "7"), ("Images", "2"));
        await studio.HasImagesAsync(2);
        Assert.NotEqual(0, await page.EvaluateAsync<int>("window.previews"));
        await Expect(page.Locator("#queue")).ToBeHiddenAsync();
        Assert.Equal(0, await studio.OverflowAsync());

        await page.ReloadAsync();
        await studio.HasImagesAsync(2);
        await Expect(page.GetByLabel("Prompt", new() { Exact = true })).ToHaveValueAsync("a blue bird");
        await page.GetByLabel("Show: a blue bird, seed 8").ClickAsync();
        await Expect(page.Locator("#viewer-settings")).ToContainTextAsync("128 × 128");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use these settings" }).ClickAsync();
        await Expect(page.GetByLabel("Seed", new() { Exact = true })).ToHaveValueAsync("8");

        await page.GetByLabel("Show: a blue bird, seed 8").ClickAsync();
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Download").ClickAsync());
        Assert.Equal("a-blue-bird-8.png", download.SuggestedFilename);
        Assert.Equal(8UL, GenerationMetadata.ReadRequest(await File.ReadAllBytesAsync(await download.PathAsync())).Seed);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await studio.HasImagesAsync(1);
        await page.Keyboard.PressAsync("Escape");
        await page.ReloadAsync();
        await studio.HasImagesAsync(1);
        Assert.Empty(studio.Complaints);
    }

    [Theory]
    [InlineData(StudioPage.Phone)]
    [InlineData(StudioPage.Desktop)]
    public async Task Jobs_in_the_queue_are_cancelled(int width)
    {
        await using StudioServer server = await StudioServer.StartAsync();
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, width);
        IPage page = studio.Page;
        await studio.GenerateAsync("a red dragon", ("Steps", "1000"));
        await Expect(page.Locator("progress")).ToHaveAttributeAsync("value", new System.Text.RegularExpressions.Regex("."));
        await Expect(page.Locator(".job .preview img")).ToBeVisibleAsync();
        await studio.GenerateAsync("a green frog", ("Steps", "2"));
        await Expect(page.GetByText("Starts next")).ToBeVisibleAsync();
        Assert.Equal(0, await studio.OverflowAsync());
        // The queue is the server's: a reload finds it again.
        await page.ReloadAsync();
        await Expect(page.Locator(".job")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel: a red dragon" }).ClickAsync();
        await studio.HasImagesAsync(1);
        await Expect(page.GetByLabel("Show: a green frog")).ToBeVisibleAsync();
        await Expect(page.Locator("#queue")).ToBeHiddenAsync();
        Assert.Empty(studio.Complaints);
    }

    [Theory]
    [InlineData(StudioPage.Phone)]
    [InlineData(StudioPage.Desktop)]
    public async Task Only_the_painted_area_of_an_image_changes(int width)
    {
        await using StudioServer server = await StudioServer.StartAsync();
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, width);
        IPage page = studio.Page;
        await studio.GenerateAsync("a red dragon", ("Seed", "3"));
        await studio.HasImagesAsync(1);
        await page.GetByLabel("Show: a red dragon").ClickAsync();
        byte[] before = await studio.ShownPixelsAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit this image" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Paint a mask" }).ClickAsync();

        // The left half: everything, less the right half.
        await page.GetByRole(AriaRole.Button, new() { Name = "Invert" }).ClickAsync();
        await page.GetByText("Erase").ClickAsync();
        await page.GetByLabel("Size").FillAsync("50");
        LocatorBoundingBoxResult box = (await page.Locator("#mask-canvas").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (0.75f * box.Width), box.Y + 1);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (0.75f * box.Width), box.Y + box.Height - 1, new() { Steps = 5 });
        await page.Mouse.UpAsync();
        Assert.Equal(0, await studio.OverflowAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await Expect(page.GetByText("Only the painted area changes.")).ToBeVisibleAsync();

        await studio.GenerateAsync("a blue dragon", ("Strength", "1"));
        await studio.HasImagesAsync(2);
        await page.GetByLabel("Show: a blue dragon").ClickAsync();
        byte[] after = await studio.ShownPixelsAsync();
        Assert.NotEqual(0, Difference(before, after, 0, 56));
        Assert.Equal(0, Difference(before, after, 72, 128));
        await page.GetByRole(AriaRole.Button, new() { Name = "Use these settings" }).ClickAsync();
        await Expect(page.GetByText("Only the painted area changes.")).ToBeVisibleAsync();
        Assert.Empty(studio.Complaints);

        static int Difference(byte[] first, byte[] second, int from, int to) =>
            Enumerable.Range(0, first.Length).Count(i => i / 4 % 128 >= from && i / 4 % 128 < to && first[i] != second[i]);
    }

    [Fact]
    public async Task Masks_can_be_painted_with_the_keyboard()
    {
        await using StudioServer server = await StudioServer.StartAsync();
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, StudioPage.Desktop);
        IPage page = studio.Page;
        byte[] file = new SkiaImageCodec().EncodePng(new ImageBuffer(600, 400, new byte[600 * 400 * 3]));
        await page.GetByLabel("Start from an image", new() { Exact = true })
            .SetInputFilesAsync(new FilePayload { Name = "black.png", MimeType = "image/png", Buffer = file });
        // It is too large to be taken as it is: it gets the area of the model's size, in its own shape.
        await Expect(page.GetByLabel("Width")).ToHaveValueAsync("156");
        await page.Keyboard.PressAsync("Enter");
        foreach (string key in new[] { "ArrowRight", "ArrowDown", "Space" }) await page.Keyboard.PressAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).PressAsync("Enter");
        await Expect(page.GetByText("Only the painted area changes.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the mask" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).PressAsync("Enter");
        await Expect(page.GetByText("The whole image changes.")).ToBeVisibleAsync();
        Assert.Empty(studio.Complaints);
    }

    [Fact]
    public async Task The_page_asks_for_a_key()
    {
        const string Key = "a-key-of-many-characters";
        await using StudioServer server = await StudioServer.StartAsync(Key);
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, StudioPage.Phone);
        IPage page = studio.Page;
        ILocator field = page.GetByLabel("Key", new() { Exact = true });
        await field.FillAsync("a-wrong-key-of-characters");
        await field.PressAsync("Enter");
        await Expect(page.GetByText("The server does not accept this key.")).ToBeVisibleAsync();
        await field.FillAsync(Key);
        await field.PressAsync("Enter");
        await studio.GenerateAsync("a purple octopus");
        await studio.HasImagesAsync(1);
        await page.ReloadAsync();
        await studio.HasImagesAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Forget API key" }).ClickAsync();
        await Expect(field).ToBeVisibleAsync();
        await studio.HasImagesAsync(0);
    }

    [Theory]
    [InlineData(StudioPage.Phone, ColorScheme.Light)]
    [InlineData(StudioPage.Phone, ColorScheme.Dark)]
    [InlineData(StudioPage.Desktop, ColorScheme.Light)]
    [InlineData(StudioPage.Desktop, ColorScheme.Dark)]
    public async Task The_page_is_accessible(int width, ColorScheme scheme)
    {
        await using StudioServer server = await StudioServer.StartAsync();
        await using StudioPage studio = await StudioPage.OpenAsync(server.Url, width, scheme);
        IPage page = studio.Page;
        await Expect(page.GetByText("Nothing here yet")).ToBeVisibleAsync();
        await CheckAsync("empty");
        await studio.GenerateAsync("a yellow fish");
        await studio.HasImagesAsync(1);
        await CheckAsync("gallery");
        await page.GetByLabel("Show: a yellow fish").ClickAsync();
        await CheckAsync("viewer");
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit this image" }).ClickAsync();
        await CheckAsync("source");
        await page.GetByRole(AriaRole.Button, new() { Name = "Paint a mask" }).ClickAsync();
        await CheckAsync("mask");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await studio.GenerateAsync("a pink snail", ("Steps", "1000"));
        await Expect(page.Locator(".job .preview img")).ToBeVisibleAsync();
        await CheckAsync("queue");
        Assert.Empty(studio.Complaints);

        async Task CheckAsync(string state)
        {
            AxeResult result = await page.RunAxe();
            IEnumerable<string> serious = result.Violations.Where(v => v.Impact is "serious" or "critical")
                .Select(v => $"{state}: {v.Id}: {v.Help} at {string.Join(", ", v.Nodes.Select(n => n.Html))}");
            Assert.Empty(serious);
            Assert.Equal(0, await studio.OverflowAsync());
        }
    }
}
